import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { openBrowser } from "../browser.ts";
import { startTestApi } from "../start-api.ts";
import { comparePicture } from "./compare-picture.ts";
import { findBarriers } from "./find-barriers.ts";
import { desktopSize, listenForErrors, openConsole, phoneSize } from "./open-console.ts";
import { buildMockConsole } from "./serve-mock.ts";

/**
 * Every page as it looks, beside how it looked when somebody last looked at it, and what in it keeps
 * somebody out. The page answers itself, at a time that stands still.
 * `COUNTERSIGN_PICTURES=1 npx vitest run test/console/pictures.test.ts` takes them anew.
 */
const browser = openBrowser();
const mock = buildMockConsole();

const run = "01900000-0000-7000-8000-000000000001";
const receipt = "019cadea-0484-7562-a43b-05c31b0a63ff";
const places: Readonly<Record<string, string>> = {
  inbox: "/approvals",
  approval: "/approvals/01900000-0000-7000-8000-000000000387",
  runs: "/runs",
  timeline: `/runs/${run}`,
  conversation: `/runs/${run}?tab=conversation`,
  events: `/runs/${run}?tab=events`,
  cost: `/runs/${run}?tab=cost`,
  context: `/runs/${run}?tab=context`,
  why: `/runs/${run}?tab=why`,
  outside: `/runs/${run}?tab=outside`,
  servers: "/servers",
  server: "/servers/flights",
  drift: "/servers/flights?tab=drift",
  policies: "/policies",
  policy: "/policies?tab=ask",
  bundles: "/bundles",
  ledger: "/ledger",
  receipt: `/receipts/${receipt}`,
  costs: "/costs",
  settings: "/settings",
  stops: "/settings?tab=stops",
};

/** Barriers are looked for in both themes and in both sizes, which two of them have. */
const looks = [
  { look: "light", theme: "light", phone: false, isRead: true },
  { look: "dark", theme: "dark", phone: false, isRead: false },
  { look: "phone", theme: "light", phone: true, isRead: false },
  { look: "phone-dark", theme: "dark", phone: true, isRead: true },
] as const;

const updates = process.env["COUNTERSIGN_PICTURES"] === "1";
const pictures = path.join(import.meta.dirname, "pictures");
const takenWith = path.join(pictures, "chromium.txt");
const openedAt = Date.parse("2026-03-02T10:00:00Z");

/** Letters are drawn otherwise by another Chromium: then there is nothing to compare with. */
function isComparable(version: string): boolean {
  const major = version.split(".", 1)[0]!;
  if (updates) writeFileSync(takenWith, `${major}\n`);
  const taken = readFileSync(takenWith, "utf8").trim();
  if (taken === major) return true;
  console.log(`NOT RUN: pictures were taken with Chromium ${taken}, and this is ${major}`);
  return false;
}

const shownAfterMs = 400;

/** As a link in the page does it, so that nobody has to sign in again. */
async function goTo(page: Page, place: string): Promise<void> {
  await page.evaluate(`history.pushState({}, "", ${JSON.stringify(place)})`);
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
  await expect.poll(() => page.getByLabel("Reading").count()).toBe(0);
  // React shows what was waited for a third of a second after what it waited with.
  await page.waitForTimeout(shownAfterMs);
  // Lists measure themselves once they are drawn.
  await page.evaluate(
    `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`,
  );
}

test.for(looks)(
  "every page, $look: as it was looked at, open to everybody, and without an error",
  { timeout: 180_000 },
  async ({ look, theme, phone, isRead }, context) => {
    const page = await browser.newPage(context);
    const errors = listenForErrors(page);
    const { url } = await startTestApi({ console: mock() });
    await page.clock.setFixedTime(openedAt);
    await openConsole(page, { url, key: "any", path: "/settings", theme, phone });
    const compares = isComparable(page.context().browser()!.version());
    const found: string[] = [];
    for (const [name, place] of Object.entries(places)) {
      await goTo(page, place);
      if (compares) {
        const golden = path.join(pictures, `${name}.${look}.png`);
        const wrong = await comparePicture(page, { place: golden, updates });
        if (wrong !== null) found.push(`${name}: ${wrong}`);
      }
      const barriers = isRead ? await findBarriers(page) : [];
      for (const barrier of barriers) found.push(`${name}: ${barrier}`);
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
      if (wide > (phone ? phoneSize : desktopSize).width) found.push(`${name}: ${wide} px wide`);
    }
    expect(found).toEqual([]);
    expect(errors).toEqual([]);
  },
);
