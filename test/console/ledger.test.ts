import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { expect, test, vi } from "vitest";
import { openBrowser } from "../browser.ts";
import { toBookingDocument } from "../e2e/booking-document.ts";
import { createHome, type Home } from "../e2e/home.ts";
import { findBarriers } from "./find-barriers.ts";
import { listenForErrors, openConsole } from "./open-console.ts";

// A process, a database and a browser, beside whatever else the machine does.
vi.setConfig({ testTimeout: 120_000 });
const browser = openBrowser();

const agents = (steps: number) => `agents:
  travel:
    description: Books flights.
    model: fast
    instructionsFile: prompts.md
    tools: [booking__book]
    maxSteps: ${steps}
`;
const surroundings = "policy: { rule: allow-all }\nledger: { name: gate.example.com }\n";

async function openOffice() {
  const home = createHome();
  const write = (file: string, text: string) =>
    writeFileSync(path.join(home.directory, file), text);
  const effects = path.join(home.directory, "effects.jsonl");
  const describe = (steps: number, prompt: string): void => {
    write("prompts.md", prompt);
    write("countersign.yaml", toBookingDocument(effects, surroundings + agents(steps)));
  };
  write("demo.yaml", "name: demo\nturns:\n  - say: hi\n");
  describe(9, "Book flights.\n");
  const { url } = await home.up();
  home.environment["COUNTERSIGN_URL"] = url;
  const build = async () => (await home.run("bundle", "build", "travel")).out.trim();
  return { home, url, describe, build };
}

const book = (home: Home) => home.run("tools", "call", "booking__book", '{"flight":"BA 117"}');

/** As a link in the page does it, so that nobody has to sign in again. */
async function goTo(page: Page, place: string): Promise<void> {
  await page.evaluate(`history.pushState({}, "", ${JSON.stringify(place)})`);
}

async function expectOpen(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    expect(await findBarriers(page)).toEqual([]);
  }
}

/** Lets go of a file over the page, as a person does who dragged it there. */
async function drop(page: Page, text: string): Promise<void> {
  await page.evaluate(`
    const carried = new DataTransfer();
    carried.items.add(new File([${JSON.stringify(text)}], "bent.json"));
    const target = document.querySelector('input[type="file"]').parentElement;
    target.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: carried }));
  `);
}

interface File {
  readonly entries: { bytes: string }[];
}

/** Another flight's tool: one letter of one entry, in the form in which entries are written. */
function bend(text: string): string {
  const file = JSON.parse(text) as File;
  const entry = file.entries[0]!;
  const bytes = Buffer.from(entry.bytes, "base64").toString();
  const bent = bytes.replace('"tool":"book"', '"tool":"boot"');
  expect(bent).not.toBe(bytes);
  entry.bytes = Buffer.from(bent).toString("base64");
  return JSON.stringify(file);
}

test("a call's receipt is verified in the browser, and one with a letter changed is refused by the check that fails", async (context) => {
  const page = await browser.newPage(context);
  const errors = listenForErrors(page);
  const { home, url } = await openOffice();
  expect((await book(home)).code).toBe(0);
  await openConsole(page, { url, key: home.key("admin"), path: "/ledger" });
  await page.getByRole("link", { name: /Outcome booking · book/ }).click();
  await page.getByText("Verified with this server's own key").waitFor();
  const checks = page.getByRole("list", { name: "Checks" });
  expect(await checks.getByText("holds", { exact: true }).count()).toBe(6);
  await page.getByText("Ran without a sandbox").waitFor();

  const key = (await home.run("ledger", "key")).out.trim();
  await page.getByText("Keys of your own").click();
  await page.getByLabel("Verifier keys, one a line").fill(key);
  await page.getByText("Verified with your key").waitFor();
  await expectOpen(page);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save the file" }).click();
  const text = readFileSync(await (await saving).path(), "utf8");

  await goTo(page, "/ledger?tab=file");
  await page.getByLabel(/Drop a receipt file/).setInputFiles({
    name: "receipt.json",
    mimeType: "application/json",
    buffer: Buffer.from(text),
  });
  await page.getByText("Verified with your key").waitFor();
  await drop(page, bend(text));
  await page.getByRole("alert").getByText("Refused: this proves nothing").waitFor();
  const failed = checks.getByRole("listitem").filter({ hasText: "fails" });
  expect(await failed.allInnerTexts()).toEqual([
    expect.stringMatching(/Entry 1, at place \d+ of the log\s+entry 1: it is not in the tree/),
  ]);
  expect(await page.getByText("What happened").count()).toBe(0);
  await expectOpen(page);

  const kept = (await home.run("ledger", "checkpoint")).out;
  expect((await book(home)).code).toBe(0);
  await goTo(page, "/ledger?tab=log");
  await page.getByLabel("A checkpoint that was kept").fill(kept);
  await vi.waitFor(async () => {
    await page.getByRole("button", { name: "Check it against the log of now" }).click();
    await page.getByText("2 more came since").waitFor({ timeout: 1_000 });
  }, 15_000);
  await expectOpen(page);
  expect(errors).toEqual([]);
});

test("what changed between two bundles is shown with its texts, and a freeze is set and lifted", async (context) => {
  const page = await browser.newPage(context);
  const errors = listenForErrors(page);
  const { home, url, describe, build } = await openOffice();
  const from = await build();
  describe(12, "Book flights.\nAsk first.\n");
  expect((await home.run("apply")).code).toBe(0);
  const to = await build();
  const place = `/bundles?from=${from}&to=${to}`;
  await openConsole(page, { url, key: home.key("admin"), path: place });
  const texts = page.getByRole("region", { name: "instructions, before and after" });
  await texts.getByText("Ask first.").waitFor();
  expect(await texts.innerText()).toMatch(/added:\s+Ask first\./);
  await page.getByText("maxSteps 9 → 12").waitFor();
  const titles = await page.getByRole("heading", { level: 2 }).allInnerTexts();
  expect(titles).toEqual(["What it may do", "How it decides"]);
  await expectOpen(page);

  await goTo(page, "/settings?tab=stops");
  await page.getByRole("button", { name: "Freeze the whole tenant" }).click();
  const dialog = page.getByRole("dialog");
  const freeze = dialog.getByRole("button", { name: "Freeze now" });
  await dialog.getByLabel("Why").fill("Refunds went out twice.");
  expect(await freeze.getAttribute("aria-description")).toBe("Type freeze to confirm.");
  await dialog.getByLabel("Type freeze to confirm").fill("freeze");
  await expectOpen(page);
  await freeze.click();
  const frozen = page.getByRole("list", { name: "Freezes" }).getByRole("listitem");
  await frozen.getByText("Refunds went out twice.").waitFor();
  const refused = await book(home);
  expect([refused.code === 0, refused.err + refused.out]).toEqual([
    false,
    expect.stringContaining("Refunds went out twice."),
  ]);
  await frozen.getByRole("button", { name: "Lift the freeze of the whole tenant" }).click();
  await dialog.getByRole("button", { name: "Lift the freeze" }).click();
  await frozen.getByText("lifted", { exact: true }).waitFor();
  expect((await book(home)).code).toBe(0);
  await expectOpen(page);
  expect(errors).toEqual([]);
});
