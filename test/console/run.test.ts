import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { startScriptedServer } from "../../src/adapters/scripted/scripted-server.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";
import { toDigest } from "../../src/model/index.ts";
import { openBrowser } from "../browser.ts";
import { createHome } from "../e2e/home.ts";
import { answerCall, startHostile } from "../mcp/hostile-http.ts";
import { ada, openRuns } from "../runs/runs-under-test.ts";
import { startTestApi } from "../start-api.ts";
import { findBarriers } from "./find-barriers.ts";
import { listenForErrors, openConsole } from "./open-console.ts";
import { buildConsole, buildMockConsole } from "./serve-mock.ts";

const browser = openBrowser();
const mock = buildMockConsole();
const real = buildConsole("production");
const run = "01900000-0000-7000-8000-000000000001";

const looks = [
  { theme: "light", phone: false },
  { theme: "dark", phone: false },
  { theme: "dark", phone: true },
] as const;

test.for(looks)(
  "the views of a run keep nobody out: $theme, phone: $phone",
  { timeout: 90_000 },
  async (look, context) => {
    const page = await browser.newPage(context);
    const errors = listenForErrors(page);
    const { url } = await startTestApi({ console: mock() });
    await openConsole(page, { url, key: "any", path: `/runs/${run}`, ...look });
    const found: string[] = [];
    const check = async (name: string): Promise<void> => {
      for (const barrier of await findBarriers(page)) found.push(`${name}: ${barrier}`);
    };
    await page.getByRole("tree", { name: "Spans" }).waitFor();
    await page.getByRole("button", { name: /^Slowest/ }).click();
    await check("timeline");
    await page
      .getByRole("complementary", { name: "The selected span" })
      .getByRole("link", { name: "Conversation" })
      .click();
    await page.getByText(/RIGHT-TO-LEFT OVERRIDE/).waitFor();
    await check("conversation");
    await page.getByRole("link", { name: "Events", exact: true }).click();
    await page.getByRole("listbox", { name: "Events" }).getByRole("option").nth(4).click();
    await page.getByText(`"type": "model.responded"`).waitFor();
    await check("events");
    await page.getByRole("link", { name: "Cost", exact: true }).click();
    await page.getByRole("heading", { name: "By tool" }).waitFor();
    await check("cost");
    expect(found).toEqual([]);
    expect(errors).toEqual([]);
  },
);

test("keys walk the timeline, fold it, and go to what is said of a span", async (context) => {
  const page = await browser.newPage(context);
  const { url } = await startTestApi({ console: mock() });
  await openConsole(page, { url, key: "any", path: `/runs/${run}` });
  const tree = page.getByRole("tree", { name: "Spans" });
  await tree.focus();
  const chosen = (name: RegExp) =>
    page.getByRole("treeitem", { selected: true, name }).waitFor({ timeout: 5_000 });
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown"])
    await page.keyboard.press(key);
  await chosen(/^tool: flights · search 9\.2 s$/);
  expect(new URL(page.url()).searchParams.get("span")).toMatch(/5a/);
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => page.getByRole("treeitem").count()).toBe(1);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("End");
  await chosen(/^model: model smart/);
  await page.keyboard.press("Enter");
  expect(await page.evaluate(`document.activeElement.getAttribute("aria-label")`)).toBe(
    "The selected span",
  );
  // Whoever is sent the address sees the same span.
  const address = page.url();
  await page.keyboard.press("Escape");
  await expect.poll(() => new URL(page.url()).searchParams.has("span")).toBe(false);
  await openConsole(page, { url, key: "any", path: address });
  await chosen(/^model: model smart/);
});

const script = {
  name: "suite",
  turns: [
    {
      when: { last: "user", contains: "Look" },
      calls: [
        { tool: "bank__quick", args: { of: "today" } },
        { tool: "bank__slow", args: { of: "all" } },
      ],
    },
    { when: { last: "tool" }, say: "Both are there." },
  ],
};

/** The product with an agent, one of whose tools takes two seconds. */
async function startProduct() {
  const model = await startScriptedServer({
    script: modelScriptSchema.parse(script),
    clock: systemClock,
    key: null,
  });
  onTestFinished(() => model.close());
  const object = { type: "object" };
  const bank = await startHostile(
    (call, outgoing) => {
      const { name } = call["params"] as { readonly name: string };
      void systemClock
        .sleep(name === "slow" ? 2_000 : 20)
        .then(() => answerCall(call, outgoing, `{"found":"${name}"}`));
    },
    () => ["slow", "quick"].map((name) => ({ name, description: "Looks.", inputSchema: object })),
  );
  const home = createHome();
  const backend = {
    kind: "openai",
    url: new URL("/v1", model.url).href,
    private: true,
    model: "any",
  };
  const document = {
    version: 1,
    policy: { rule: "allow-all" },
    servers: { bank: { transport: "http", url: bank.url, private: true, labels: ["trusted"] } },
    models: { backends: { local: backend }, routes: { model: [[{ backend: "local" }]] } },
    agents: { clerk: { description: "Looks.", model: "model", instructions: "Look well." } },
  };
  writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(document));
  const { url } = await home.up();
  const key = home.key("admin");
  const started = await fetch(new URL("/v1/runs", url), {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ agent: "clerk", input: "Look." }),
  });
  expect(started.status).toBe(201);
  const { id } = (await started.json()) as { readonly id: string };
  return { url, key, id };
}

test(
  "a run was slow: two clicks from the list of runs to the call that took the time",
  { timeout: 180_000 },
  async (context) => {
    const page = await browser.newPage(context);
    const errors = listenForErrors(page);
    const { url, key, id } = await startProduct();
    await openConsole(page, { url, key, path: "/runs" });
    await page.locator(`a[href^="/runs/${id}"]`).first().click();
    // Named after one click: server, tool, and for how long; a busy machine takes longer.
    const guilty = page.getByRole("button", { name: /^Slowest ?bank · slow ?[2-9](\.\d)? s/ });
    await guilty.waitFor({ timeout: 30_000 });
    await page
      .getByRole("main")
      .getByText("completed", { exact: true })
      .waitFor({ timeout: 30_000 });
    await guilty.click();
    const panel = page.getByRole("complementary", { name: "The selected span" });
    await panel.getByText("slow", { exact: true }).waitFor();
    expect(await panel.innerText()).toMatch(/took\s+[2-9](\.\d)? s[^]*server\s+bank\s+tool\s+slow/);
    const name = /^tool: bank · slow [2-9](\.\d)? s$/;
    await page.getByRole("treeitem", { selected: true, name }).waitFor();
    await panel.getByRole("link", { name: "Conversation" }).click();
    await page.getByText("Look well.").waitFor();
    await page.getByText(`"found": "slow"`).waitFor();
    await page.getByText("Both are there.").waitFor();
    // What has ended is not asked for again.
    let asked = 0;
    page.on("request", (request) => (asked += request.url().includes(id) ? 1 : 0));
    await page.waitForTimeout(6_000);
    expect(asked).toBe(0);
    expect(errors).toEqual([]);
  },
);

const some = toDigest("something");
const nothing = { micros: 0, tokens: 0, calls: 0 };
const usage = { input: 20, cached: 8, written: 0, output: 10, reasoning: null };
const turns = 3_333;

/** A run whose log has 10,000 events, and goes on when the test says so. */
async function openLongRun() {
  const bundles = () => ({ read: async () => null }) as never;
  const scene = await openRuns({ console: real(), bundles });
  const id = scene.make(ada);
  const say = (step: number): void =>
    scene.append(
      id,
      { type: "model.asked", step, context: some, held: nothing },
      {
        type: "model.responded",
        step,
        backend: "gpu",
        response: some,
        stop: "tool_calls",
        calls: [{ tool: `bank__look_${step}`, args: some, effect: "read" }],
        usage,
        prices: some,
        cost: { micros: 100, tokens: 30, calls: 0 },
      },
      {
        type: "call.ended",
        step,
        ordinal: 0,
        entry: null,
        outcome: "answered",
        result: some,
        cost: nothing,
        ms: 5,
      },
    );
  scene.append(id, { type: "run.started" });
  for (let step = 0; step < turns; step += 1) say(step);
  return { ...scene, id, say };
}

interface Scrolled {
  readonly frames: readonly number[];
  readonly mostRows: number;
  readonly inOrder: boolean;
  readonly last: number;
}

/** From the first event to the last one, a screen in every frame. */
function scrollThrough(page: Page): Promise<Scrolled> {
  return page.evaluate<Scrolled>(`new Promise((done) => {
    const box = document.querySelector('[role="listbox"]');
    const [frames, seen] = [[], { mostRows: 0, inOrder: true, last: 0 }];
    let before = performance.now();
    box.scrollTop = 0;
    const step = (now) => {
      frames.push(now - before);
      before = now;
      const rows = [...box.querySelectorAll("[data-seq]")].map((row) => Number(row.dataset.seq));
      seen.mostRows = Math.max(seen.mostRows, rows.length);
      seen.inOrder &&= rows.every((seq, at) => at === 0 || seq === rows[at - 1] + 1);
      seen.last = Math.max(seen.last, ...rows);
      if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) return done({ frames: frames.slice(1), ...seen });
      box.scrollTop += box.clientHeight;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  })`);
}

test(
  "10,000 events scroll, come as they happen, and are found",
  { timeout: 180_000 },
  async (context) => {
    const page = await browser.newPage(context);
    const errors = listenForErrors(page);
    const { url, id, append, say } = await openLongRun();
    await openConsole(page, { url, key: "ada", path: `/runs/${id}?tab=events` });
    const list = page.getByRole("listbox", { name: "Events" });
    const row = (seq: number) => list.locator(`[data-seq="${seq}"]`);
    // The end is followed while the run goes on, and not when somebody reads further up.
    await row(10_001).waitFor({ timeout: 30_000 });
    say(turns);
    await row(10_004).waitFor();
    const { frames, mostRows, inOrder, last } = await scrollThrough(page);
    const sorted = frames.toSorted((one, other) => one - other);
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)]!;
    const slow = frames.filter((ms) => ms > 50).length / frames.length;
    console.log(
      `10,004 events, ${frames.length} frames: median ${at(0.5).toFixed(1)} ms, p95 ${at(0.95).toFixed(1)} ms, over 50 ms ${(slow * 100).toFixed(1)} %, at most ${mostRows} rows`,
    );
    expect(inOrder).toBe(true);
    expect(last).toBe(10_004);
    expect(mostRows).toBeLessThan(90);
    expect(at(0.5)).toBeLessThan(50);
    await page.evaluate(`document.querySelector('[role="listbox"]').scrollTo({ top: 3_200 })`);
    await row(102).waitFor();
    say(turns + 1);
    await page.getByText("10,007 of 10,007").waitFor();
    expect(await row(102).isVisible()).toBe(true);
    await page.getByRole("button", { name: /^Follow the end/ }).click();
    await row(10_007).waitFor();
    append(id, { type: "run.completed", output: some });
    await page.getByText("10,008 of 10,008").waitFor();
    await page.getByLabel("Text").fill("look_2500 answered");
    await page.getByText("0 of 10,008").waitFor();
    await page.getByLabel("Text").fill("look_2500 (2500");
    await page.getByText("1 of 10,008").waitFor();
    await page.getByLabel("Text").fill("");
    await page.getByLabel("Type").selectOption("run.completed");
    await row(10_008).click();
    await page.getByText(`"type": "run.completed"`).waitFor();
    expect(errors).toEqual([]);
  },
);
