import { expect, test } from "vitest";
import { createBudget } from "../model/budget.ts";
import { toDigest } from "../model/index.ts";
import { toRunFacts } from "./run-facts.ts";
import type { CallView, RunView } from "./view.ts";

const toCall = (step: number, ordinal: number, more: Partial<CallView> = {}): CallView => ({
  tool: "t",
  args: toDigest("args"),
  effect: "read",
  step,
  ordinal,
  state: { kind: "planned" },
  entry: null,
  again: 0,
  putOff: 0,
  ...more,
});

const ended = { kind: "ended", outcome: "answered", result: toDigest("x") } as const;

test("what is under way counts in its order, what has ended by what it cost, what waits for a time not at all", () => {
  const spent = { micros: 12, tokens: 3, calls: 4 };
  const calls = [
    toCall(2, 0, { state: ended }),
    toCall(2, 1),
    toCall(2, 2, { effect: "wait" }),
    toCall(2, 3, { state: { kind: "started" } }),
    toCall(2, 4),
  ];
  const effects = [toCall(0, 3, { effect: "write" }), toCall(1, 0, { state: ended })];
  const budget = { ...createBudget({ micros: null, tokens: null, calls: null }), spent };
  const turn = { step: 2, stop: null, response: toDigest("y"), calls, compensates: null };
  const view = { budget, turn, effects } as unknown as RunView;
  const callsOf = (step: number, ordinal: number) => toRunFacts(view, { step, ordinal }).calls;
  expect(toRunFacts(view, { step: 2, ordinal: 4 })).toEqual({ step: 2, calls: 7, spentMicros: 12 });
  expect([callsOf(0, 3), callsOf(2, 1), callsOf(2, 3)]).toEqual([4, 5, 6]);
});
