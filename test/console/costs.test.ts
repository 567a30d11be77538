import { expect, test } from "vitest";
import type { TenantId } from "../../src/model/index.ts";
import { dayMs, toDay } from "../../src/ports/cost-rows.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { openBrowser } from "../browser.ts";
import { newEntryId, newRun, toBytes } from "../conformance/store-values.ts";
import { adminKey, noCosts, startTestApi } from "../start-api.ts";
import { listenForErrors, openConsole } from "./open-console.ts";
import { buildConsole } from "./serve-mock.ts";

const browser = openBrowser();
const files = buildConsole("production");
const tenant = "default" as TenantId;
const ann = `${tenant}\nuser\nann`;

test(
  "what was spent is shown as it was kept, and what is not known is said",
  { timeout: 90_000 },
  async (context) => {
    const page = await browser.newPage(context);
    const errors = listenForErrors(page);
    const { costs, runs, spendings, commit } = createInMemoryStore();
    const today = toDay(Date.now());
    const run = newRun();
    const about = { agent: "clerk", subject: ann, parent: null, createdAtMs: today * dayMs };
    await runs.create({ run, tenant, events: [], about });
    const spent = [
      { day: today, kind: "model", name: "large", micros: 2_500_000, tokens: 1_200 },
      { day: today - 3, kind: "tool", name: "bank__pay", micros: 500_000, tokens: 0 },
    ] as const;
    const ended = { state: "completed", ended: true, endedAtMs: today * dayMs } as const;
    const append = { run, epoch: 0, head: 0, events: [toBytes("e")], costs: spent, ...ended };
    await commit({ append });
    const whose = { tenant, agent: null, subject: ann, isUnknown: true };
    const unpriced = { day: today, kind: "model", name: "small", micros: 0, tokens: 40 } as const;
    await costs.add({ entry: newEntryId(), ...whose, ...unpriced });
    const { url } = await startTestApi({
      console: files(),
      catalog: () => ({ servers: new Map(), toolsets: new Map() }) as never,
      costs: { ...noCosts(), rows: costs, runs, spendings },
    });
    await openConsole(page, { url, key: adminKey, path: "/costs" });
    await page.getByText("1 answer of models could not be priced").waitFor();
    const day = (back: number): string =>
      new Date((today - back) * dayMs).toISOString().slice(0, 10);
    await page.getByText(`Nothing is kept from before ${day(3)}.`).waitFor();
    const total = page.locator("dl > div", { hasText: "For each completed run" });
    expect(await total.textContent()).toContain("$3.00");
    await page.getByText("As a table").click();
    const days = page.getByRole("region", { name: "Spent by day" }).getByRole("row");
    expect(await days.count()).toBe(8);
    expect(await days.nth(1).textContent()).toBe(`${day(0)}$2.501,240`);
    expect(await days.nth(4).textContent()).toBe(`${day(3)}$0.500`);
    expect(
      await page
        .getByRole("region", { name: "By model and tool" })
        .locator("tbody tr")
        .allTextContents(),
    ).toEqual(["largemodel1,200$2.50", "bank__paytool0$0.50", "smallmodel40$0.00"]);
    await page.getByRole("link", { name: "Today" }).click();
    await page.waitForURL(`${url}/costs?days=1`);
    await total.getByText("$2.50").waitFor();
    const link = page.getByRole("region", { name: "Dearest runs" }).getByRole("link");
    expect(await link.getAttribute("href")).toBe(`/runs/${run}?tab=cost`);
    expect(errors).toEqual([]);
  },
);
