import { expect, test } from "vitest";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { tellEnd } from "./tell-end.ts";
import type { RunView } from "./view.ts";

const caps = { micros: 1_000_000, tokens: null, calls: 10 };
const ended = {
  state: "completed",
  created: { agent: "desk", atMs: 40_000 },
  budget: { caps, spent: { micros: 250_000, tokens: 900, calls: 9 } },
  asks: 3,
} as RunView;

function tell(changes: Partial<RunView> = {}) {
  const telemetry = createInMemoryTelemetry();
  tellEnd({ telemetry, clock: createManualClock(100_000) }, { ...ended, ...changes });
  return telemetry;
}

test("a run that ended: how long it took, what it cost, and what was left", () => {
  const telemetry = tell();
  const agent = "desk";
  expect(telemetry.values("run_seconds", { agent, outcome: "completed" })).toEqual([60]);
  expect(telemetry.values("run_cost", { agent })).toEqual([0.25]);
  expect(telemetry.values("run_turns", { agent })).toEqual([3]);
  // Of ten calls one, which is less than of the money.
  expect(telemetry.values("run_budget_left_share", { agent })[0]).toBeCloseTo(0.1);
});

test.each([
  [{ micros: null, tokens: null, calls: null }, []],
  [{ micros: null, tokens: 0, calls: null }, [0]],
  [{ micros: 1, tokens: null, calls: null }, [0]],
])("of caps %o what is left is %o", (capped, left) => {
  const telemetry = tell({ budget: { ...ended.budget, caps: capped } });
  expect(telemetry.values("run_budget_left_share", { agent: "desk" })).toEqual(left);
});

test.each(["running", "waiting", "stopped", "parked"] as const)(
  "a run that is %s has not ended",
  (state) => {
    const telemetry = tell({ state });
    expect(telemetry.values("run_cost", { agent: "desk" })).toEqual([]);
  },
);
