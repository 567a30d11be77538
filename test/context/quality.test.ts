import { expect, test, vi } from "vitest";
import { openDesk } from "./tools-scene.ts";

// The product is a process of its own, beside its database and a server.
vi.setConfig({ testTimeout: 180_000 });

const looks = { tool: "pay__charge_get", args: { id: "ch_1" } };
const turns = [
  { when: { last: "user" }, calls: [looks] },
  { when: { results: 1 }, calls: [looks, { tool: "pay__customer_get", args: { id: 7 } }] },
  { when: { results: 3 }, calls: [{ tool: "pay__nothing", args: {} }] },
  { when: { results: 4 }, say: "Somebody has paid." },
];

test("how well its context served a run: in its log, its report, its JSON and the metrics", async () => {
  const desk = await openDesk(turns, 64_000);
  const id = await desk.begin("Who has paid?");
  const run = await desk.until(id, "completed");
  expect(run.output, desk.log()).toBe("Somebody has paid.");
  // One call in four did not take its schema, and one named no tool; the charge was read twice.
  expect(run.quality).toMatchObject({
    calls: 4,
    wellFormed: 2,
    repeated: 1,
    results: 2,
    judged: 2,
    unused: 2,
    factsRead: 0,
    contradictions: 0,
    compactions: 0,
    sampled: false,
  });
  const { window } = run.quality as { window: { mean: Record<string, unknown>; largest: number } };
  expect(window.largest).toBeGreaterThan(0.35);
  expect(window.mean).toMatchObject({ sources: {} });

  const shown = await desk.home.run("runs", "show", id);
  expect(shown.out).toContain("4 calls, 2 well formed, 1 repeated, 0 against a fact");
  expect(shown.out).toContain("2 results, 2 not used");
  expect(shown.out).toMatch(/\d\d\.\d % of the window at most/);
  expect(shown.out).toMatch(/on average instructions \d\.\d %, tools 3\d\.\d %, conversation /);

  const events = await desk.events(id);
  expect(events.slice(-2).map(({ type }) => type)).toEqual(["context.measured", "run.completed"]);

  const metrics = await desk.metrics();
  const share = (measure: string): string =>
    `countersign_context_quality_sum{agent="clerk",measure="${measure}"}`;
  expect(metrics).toContain(`${share("well_formed")} 0.5\n`);
  expect(metrics).toContain(`${share("repeated")} 0.25\n`);
  expect(metrics).toContain(`${share("unused")} 1\n`);
  expect(metrics).toMatch(/countersign_context_window_share_sum\{part="tools"\} 0\.3\d+\n/);
  expect(metrics).toContain('countersign_context_window_share_count{part="largest"} 1\n');
  expect(metrics).not.toMatch(/countersign_telemetry_refusals_total\{[^}]*\} [1-9]/);
  expect(metrics).toMatch(/countersign_context_measuring_faults_total 0/);
});
