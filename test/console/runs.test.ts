import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { toUuidV7, type RunId, type TenantId } from "../../src/model/index.ts";
import type { RunState } from "../../src/model/run-states.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import type { RunGist } from "../../src/ports/run-rows.ts";
import type { Store } from "../../src/ports/store.ts";
import { openBrowser } from "../browser.ts";
import { makePostgresStore } from "../conformance/postgres-store-under-test.ts";
import { toBytes } from "../conformance/store-values.ts";
import { usePostgres } from "../postgres.ts";
import { adminKey, noRuns, startTestApi } from "../start-api.ts";
import { findBarriers } from "./find-barriers.ts";
import { listenForErrors, openConsole } from "./open-console.ts";
import { buildConsole } from "./serve-mock.ts";

const browser = openBrowser();
const postgres = usePostgres();
const files = buildConsole("production");
const tenant = "default" as TenantId;
const firstMs = Date.UTC(2026, 10, 20);
const agents = ["refund-clerk", "travel-desk", "invoice-matcher"];

function toRun(place: number): RunId {
  const bytes = new Uint8Array(10);
  new DataView(bytes.buffer).setUint32(6, place);
  return toUuidV7(firstMs + place * 1_000, bytes) as RunId;
}

async function make(store: Pick<Store, "runs">, place: number): Promise<RunId> {
  const run = toRun(place);
  const agent = agents[place % agents.length]!;
  const subject = `${tenant}\nuser\nann`;
  const about = { agent, subject, parent: null, createdAtMs: firstMs + place * 1_000 };
  await store.runs.create({ run, tenant, events: [toBytes("made")], about });
  return run;
}

function say(store: Store, run: RunId, state: RunState, gist: Partial<RunGist> = {}) {
  const stands = { steps: 3, why: null, micros: 420_000, tokens: 9_000, ...gist };
  const append = { run, epoch: 0, head: 1, events: [toBytes("said")], state, gist: stands };
  return store.commit({ append });
}

async function serve({ runs }: Pick<Store, "runs">) {
  const list: Store["runs"]["list"] = (of, query) => runs.list(of, query);
  const count: Store["runs"]["count"] = (of, query) => runs.count(of, query);
  const { url } = await startTestApi({ console: files(), runs: { ...noRuns, list, count } });
  return url;
}

interface Scrolled {
  readonly ids: readonly (string | null)[];
  readonly moved: number;
  readonly mostRows: number;
  readonly frames: readonly number[];
  readonly blank: number;
}

/** Scrolls to the end, frame by frame, and notes which run stood at each place. */
const scrollAll = (count: number) => `new Promise((done) => {
  const box = document.querySelector('[role="list"]');
  const ids = Array(${count}).fill(null);
  const frames = [];
  let [moved, mostRows, last, known, blank] = [0, 0, null, 0, 0];
  const untilMs = performance.now() + 150000;
  const step = (atMs) => {
    if (last !== null) frames.push(atMs - last);
    last = atMs;
    const rows = box.querySelectorAll("[data-run]");
    mostRows = Math.max(mostRows, rows.length);
    for (const row of rows) {
      const place = Number(row.closest("[role=listitem]").getAttribute("aria-posinset")) - 1;
      const id = row.getAttribute("data-run");
      if (ids[place] === null) { ids[place] = id; known += 1; }
      else if (ids[place] !== id) moved += 1;
    }
    if (known >= ${count} || performance.now() > untilMs)
      return done({ ids, moved, mostRows, frames, blank });
    // A frame that is not drawn whole yet is waited for, and counted.
    const top = Math.floor(box.scrollTop / 48);
    const end = Math.min(top + Math.ceil(box.clientHeight / 48), box.firstChild.clientHeight / 48);
    const isDrawn = ids.slice(top, Math.floor(end)).every((id) => id !== null);
    if (isDrawn) box.scrollTop += 1056;
    else blank += 1;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

/** What the page's own thread has computed since, however busy the machine is with others. */
async function openCpu(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async (): Promise<number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0) * 1_000;
  };
  const before = await read();
  return async () => (await read()) - before;
}

function report({ frames, blank }: Scrolled): string {
  const sorted = frames.toSorted((one, other) => one - other);
  const at = (share: number): string => sorted[Math.floor(sorted.length * share)]!.toFixed(1);
  const slow = frames.filter((ms) => ms > 50).length / frames.length;
  return `${frames.length} frames: median ${at(0.5)} ms, p95 ${at(0.95)} ms, ${(slow * 100).toFixed(1)} % above 50 ms, ${blank} not drawn whole`;
}

test(
  "10,000 runs are scrolled through: each is reached in its order, and few rows are in the page",
  { timeout: 240_000 },
  async (context) => {
    const page = await browser.newPage(context);
    const errors = listenForErrors(page);
    const under = await makePostgresStore(await postgres.freshDatabase());
    onTestFinished(() => under.close());
    const { store } = under;
    const startedMs = performance.now();
    const places = Array.from({ length: 10_000 }, (_, place) => place);
    const runs = await Promise.all(places.map((place) => make(store, place)));
    const newest = runs.slice(-2_000);
    await Promise.all(
      newest.map((run, place) => say(store, run, place % 2 === 0 ? "running" : "completed")),
    );
    const madeMs = performance.now() - startedMs;
    await openConsole(page, { url: await serve(store), key: adminKey, path: "/runs" });
    await page.locator("[data-run]").first().waitFor();
    await page.getByRole("link", { name: "All 10k", exact: true }).waitFor();
    const readCpu = await openCpu(page);
    const scrolled = await page.evaluate<Scrolled>(scrollAll(runs.length));
    const cpuMs = ((await readCpu()) / scrolled.frames.length).toFixed(1);
    console.log(
      `10,000 rows made in ${Math.round(madeMs)} ms; ${report(scrolled)}, ${cpuMs} ms of CPU each`,
    );
    expect(scrolled.ids.indexOf(null)).toBe(-1);
    expect(scrolled.ids).toEqual(runs.toReversed());
    expect(scrolled.moved).toBe(0);
    expect(scrolled.mostRows).toBeLessThan(80);
    expect(errors).toEqual([]);
  },
);

const shownIds = (page: Page) =>
  page.evaluate<string[]>(
    `[...document.querySelectorAll("[data-run]")].map((row) => row.getAttribute("data-run"))`,
  );

test(
  "what is read stays in its place: new runs wait to be asked for, and states change",
  { timeout: 90_000 },
  async (context) => {
    const page = await browser.newPage(context);
    const errors = listenForErrors(page);
    const store = createInMemoryStore();
    await openConsole(page, { url: await serve(store), key: adminKey, path: "/runs" });
    await page.getByText("No agent has run yet").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    // Nobody reads anything that these could move.
    const [one, two] = [await make(store, 1), await make(store, 2)];
    await page.locator(`[data-run="${two}"]`).waitFor();
    const three = await make(store, 3);
    await say(store, one, "waiting", { why: "approval" });
    await page.getByRole("button", { name: "1 new" }).waitFor();
    await page.getByText("for a person's approval").first().waitFor();
    expect(await shownIds(page)).toEqual([two, one]);
    await page.getByRole("button", { name: "1 new" }).click();
    await page.locator(`[data-run="${three}"]`).waitFor();
    expect(await shownIds(page)).toEqual([three, two, one]);
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    expect(await page.locator(":focus").getAttribute("data-run")).toBe(two);
    await page.keyboard.press("Enter");
    expect(new URL(page.url()).pathname).toBe(`/runs/${two}`);
    await page.goBack();
    await page.locator(`[data-run="${two}"]`).waitFor();
    expect(errors).toEqual([]);
  },
);

test("a filter is an address, and is kept under a name", { timeout: 90_000 }, async (context) => {
  const page = await browser.newPage(context);
  const store = createInMemoryStore();
  const [one, two] = [await make(store, 1), await make(store, 2)];
  await say(store, one, "stopped", { why: "budget" });
  const url = await serve(store);
  await openConsole(page, { url, key: adminKey, path: "/runs?state=stopped" });
  await page.getByText("its budget is used up").first().waitFor();
  expect(await shownIds(page)).toEqual([one]);
  // It goes on: it is of this list no more, and nothing moves.
  await say(store, one, "running");
  const append = {
    run: one,
    epoch: 0,
    head: 2,
    events: [toBytes("on")],
    state: "running",
  } as const;
  await store.commit({ append });
  await page.getByTitle("It is not in this list any more").first().waitFor();
  await page.keyboard.press("f");
  await page.getByLabel("Name for what is shown now").fill("stuck");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("link", { name: "stuck" }).waitFor();
  expect(await findBarriers(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type(`${two}\n`);
  await page.waitForURL(/id=/);
  await page.getByText("No run is like this").waitFor();
  await page.getByRole("button", { name: "Show all runs" }).click();
  await page.locator(`[data-run="${two}"]`).waitFor();
  await page.keyboard.press("f");
  await page.getByRole("dialog").getByRole("link", { name: "stuck" }).click();
  await page.waitForURL(`${url}/runs?state=stopped`);
});
