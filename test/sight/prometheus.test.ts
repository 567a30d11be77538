import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { isOnPath } from "../../bin/bootstrap/system-packages.js";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { alerts } from "../../src/sight/alerts.ts";
import { recordedRules } from "../../src/sight/burn-rates.ts";
import { dashboards } from "../../src/sight/dashboards.ts";
import { systemPath } from "../bootstrap/clone-house.ts";
import { createHome, type Home } from "../e2e/home.ts";
import { startPrometheus, type Prometheus } from "./prometheus.ts";

const missing = !isOnPath("prometheus", systemPath);
if (missing) console.log("NOT RUN: queries in a real Prometheus: install prometheus");

const fixture = path.join(import.meta.dirname, "../mcp/fixture-stdio.ts");
const models = `
models:
  backends:
    demo: { kind: scripted, script: demo.yaml, prices: { input: "1", output: "1" } }
  routes:
    demo: [[{ backend: demo }]]
agents:
  desk:
    description: Says things.
    model: demo
    instructions: Say things.
    tools: [first__echo]
`;
const script = `
name: demo
turns:
  - when: { last: user }
    calls: [{ tool: first__echo, args: { text: hello } }]
  - say: It is said.
`;

/** Nothing of these happens in this system. Of all others there are figures. */
const unused: ReadonlySet<string> = new Set(["Age of indexes", "Memories that are stale"]);

async function openSystem() {
  const home = createHome();
  await home.run("init", "--yes");
  const config = path.join(home.directory, "countersign.yaml");
  writeFileSync(path.join(home.directory, "demo.yaml"), script);
  writeFileSync(config, `${readFileSync(config, "utf8")}${models}`);
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const program = ["--reads", "echo", "--reads", "fail", "--", process.execPath, fixture, "legacy"];
  const added = await home.run("servers", "add", "first", "--no-sandbox", ...program);
  expect(added, added.err).toMatchObject({ code: 0 });
  return { home, target: new URL(up.url).host };
}

/** A little of everything: calls, one that a person approves, a run. */
async function work(home: Home): Promise<void> {
  const echo = await home.run("tools", "call", "first__echo", '{"text":"hi"}');
  expect(echo, echo.err).toMatchObject({ code: 0 });
  const asked = await home.run("tools", "call", "first__counts");
  const [, id = "", digest = ""] =
    /countersign approve (\S+) --digest (\S+)/.exec(asked.out + asked.err) ?? [];
  const approved = await home.run("approve", id, "--digest", digest);
  expect(approved, asked.out + asked.err + approved.err).toMatchObject({ code: 0 });
  expect((await home.run("tools", "call", "first__counts")).code).toBe(0);
  const run = await home.run("run", "desk", "Say it.", "--follow", "--calls", "50");
  expect(run, run.err).toMatchObject({ code: 0 });
}

async function listEmpty(prometheus: Prometheus): Promise<readonly string[]> {
  const empty: string[] = [];
  for (const { title, panels } of dashboards)
    for (const panel of panels)
      for (const { expr } of panel.queries)
        if ((await prometheus.query(expr)).length === 0 && panel.isForeign !== true)
          empty.push(unused.has(panel.title) ? panel.title : `${title}: ${panel.title}: ${expr}`);
  return [...new Set(empty)];
}

async function until(holds: () => Promise<boolean>, withinMs: number): Promise<number> {
  const startedMs = systemClock.monotonicMs();
  while (!(await holds())) {
    if (systemClock.monotonicMs() - startedMs > withinMs)
      throw new Error("it did not come to pass");
    await systemClock.sleep(200);
  }
  return systemClock.monotonicMs() - startedMs;
}

test.skipIf(missing)(
  "a real Prometheus answers every query of rules and dashboards, and sees a tool that fails",
  { timeout: 180_000 },
  async () => {
    const { home, target } = await openSystem();
    const prometheus = await startPrometheus(target, home.key("admin"));
    await until(
      async () => (await prometheus.query('up{job="countersign"} == 1')).length > 0,
      10_000,
    );
    // Twice: a rate takes two scrapes with something in between.
    await work(home);
    await work(home);
    await systemClock.sleep(3_000);

    for (const { expr } of [...alerts, ...recordedRules]) await prometheus.query(expr);
    const empty = await listEmpty(prometheus);
    expect([...empty].toSorted()).toEqual([...unused].toSorted());
    expect(await prometheus.firing()).not.toContain("CountersignToolErrors");

    const failed = await home.run("tools", "call", "first__fail");
    const faultMs = systemClock.monotonicMs();
    expect(failed.out + failed.err).toContain("the tool failed");
    // The fault lasts: its caller tries again and again.
    const fires = async () => {
      await home.run("tools", "call", "first__fail");
      return (await prometheus.firing()).includes("CountersignToolErrors");
    };
    await until(fires, 60_000);
    const tookMs = systemClock.monotonicMs() - faultMs;
    console.log(`from the first call that failed to the alert: ${(tookMs / 1_000).toFixed(1)} s`);
    expect(tookMs).toBeLessThan(60_000);
  },
);
