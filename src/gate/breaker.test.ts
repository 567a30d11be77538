import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { breakerStates, listEvents, type BreakerState, type Fault } from "../model/index.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { Breaker } from "./breaker.ts";

const coolMs = 30_000;

function open() {
  const clock = createManualClock(1_700_000_000_000);
  clock.advance(5_000);
  const moves: BreakerState[] = [];
  const breaker = new Breaker(clock, "The server up", (to) => moves.push(to));
  /** `through`, `probe`, or how long to wait. */
  const check = (): "through" | "probe" | number => {
    try {
      return breaker.check() ? "probe" : "through";
    } catch (error) {
      expect(error).toMatchObject({ code: "upstream_open" });
      return (error as Fault).details["retryAfterMs"] as number;
    }
  };
  return { clock, breaker, moves, check };
}

type Step = "ok" | "bad" | "gave up" | "check" | number;
type Row = readonly [string, readonly Step[], BreakerState, "through" | "probe" | number];

/** What happened, the state after it, and what the next call is told. A number lets time pass. */
const rows: readonly Row[] = [
  ["nothing", [], "closed", "through"],
  ["two faults", ["bad", "bad"], "closed", "through"],
  ["faults with a success between", ["bad", "bad", "ok", "bad", "bad"], "closed", "through"],
  ["three faults in a row", ["bad", "bad", "bad"], "open", coolMs],
  ["almost cooled", ["bad", "bad", "bad", coolMs - 1], "open", 1],
  ["half a millisecond short", ["bad", "bad", "bad", coolMs - 0.5], "open", 1],
  ["cooled", ["bad", "bad", "bad", coolMs], "open", "probe"],
  ["faults of calls sent before", ["bad", "bad", "bad", 10_000, "bad", "bad"], "open", 20_000],
  ["a success of a call sent before", ["bad", "bad", "bad", 10_000, "ok"], "open", 20_000],
  ["a probe under way", ["bad", "bad", "bad", coolMs, "check"], "probing", 1],
  ["a probe that hangs", ["bad", "bad", "bad", coolMs, "check", 600_000], "probing", 1],
  ["a good probe", ["bad", "bad", "bad", coolMs, "check", "ok"], "closed", "through"],
  [
    "a good probe and two faults",
    ["bad", "bad", "bad", coolMs, "check", "ok", "bad", "bad"],
    "closed",
    "through",
  ],
  ["a bad probe", ["bad", "bad", "bad", coolMs, "check", "bad"], "open", coolMs],
  ["a late bad probe", ["bad", "bad", "bad", 90_000, "check", 500, "bad"], "open", coolMs],
  ["a probe cut short", ["bad", "bad", "bad", coolMs, "check", "gave up"], "open", "probe"],
  [
    "a second probe that is bad",
    ["bad", "bad", "bad", coolMs, "check", "gave up", "check", "bad"],
    "open",
    coolMs,
  ],
  ["no probe to give up", ["gave up"], "closed", "through"],
  ["no probe yet to give up", ["bad", "bad", "bad", "gave up"], "open", coolMs],
];

function take({ clock, breaker, check }: ReturnType<typeof open>, step: Step): void {
  if (typeof step === "number") clock.advance(step);
  else if (step === "ok") breaker.succeeded();
  else if (step === "bad") breaker.faulted();
  else if (step === "gave up") breaker.gaveUp();
  else check();
}

describe("the breaker", () => {
  test.each(rows)("after %s", (_, steps, state, told) => {
    const under = open();
    for (const step of steps) take(under, step);
    expect(under.breaker.state).toBe(state);
    expect(under.check()).toBe(told);
  });

  const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
    fc.constantFrom<Step>("ok", "bad", "bad", "gave up", "check", "check"),
    fc.integer({ min: 1, max: 2 * coolMs }),
  );

  test("moves as its table has it, says every move once, and has one probe at a time", () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 80 }), (steps) => {
        const under = open();
        let before: BreakerState = "closed";
        let isProbed = false;
        for (const step of steps) {
          const told = under.moves.length;
          const answer = step === "check" ? under.check() : (take(under, step), null);
          const { state } = under.breaker;
          expect(under.moves.slice(told)).toEqual(state === before ? [] : [state]);
          const row: Partial<Record<string, BreakerState>> = breakerStates.moves[before];
          const reachable = listEvents(breakerStates, before).map((event) => row[event]);
          if (state !== before) expect(reachable).toContain(state);
          if (answer !== null) expect(answer === "through").toBe(before === "closed");
          if (isProbed && before === "probing") expect(answer).not.toBe("probe");
          isProbed = state === "probing";
          before = state;
        }
      }),
      { seed: seed(), numRuns: scaled({ test: 500, prove: 20_000 }) },
    );
  });

  test("whoever waits as long as an open breaker said is the one that tries", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: coolMs, noNaN: true }), (passedMs) => {
        const under = open();
        for (const step of ["bad", "bad", "bad", passedMs] as const) take(under, step);
        const waitMs = under.check();
        if (waitMs === "probe") return;
        expect(waitMs).toBeGreaterThanOrEqual(1);
        under.clock.advance(waitMs as number);
        expect(under.check()).toBe("probe");
      }),
      { seed: seed(), numRuns: scaled({ test: 200, prove: 5_000 }) },
    );
  });
});

test("an open breaker says since when, why, and how long it still waits", () => {
  const { clock, breaker } = open();
  expect(breaker.stand()).toEqual({ state: "closed", faults: 0, opened: null, coolingMs: 0 });
  for (const code of ["upstream_lost", "upstream_lost", "upstream_unreachable"] as const)
    breaker.faulted(code);
  const openedMs = clock.nowMs();
  clock.advance(10_000);
  const opened = { atMs: openedMs, fault: "upstream_unreachable" };
  expect(breaker.stand()).toEqual({ state: "open", faults: 3, opened, coolingMs: coolMs - 10_000 });
});
