import { expect, test } from "vitest";
import { toDigest } from "../model/index.ts";
import { isDone, isOpenEffect, isUnknown } from "./effects.ts";
import type { CallEnd, CallView } from "./view.ts";

const digest = toDigest("x");
const call = (step: number, outcome: CallEnd, tool = "t"): CallView => ({
  tool,
  args: digest,
  effect: "write",
  step,
  ordinal: 0,
  entry: null,
  again: 0,
  putOff: 0,
  state: {
    kind: "ended",
    outcome,
    result: digest,
  },
});

test.each<readonly [CallEnd, { done?: true; unknown?: true; open?: true }]>([
  ["answered", { done: true }],
  ["unknown", { unknown: true }],
  ["denied", {}],
  ["fault", { open: true }],
  ["unavailable", { open: true }],
  ["tool_error", { open: true }],
])("%s is one thing at most", (outcome, { done = false, unknown = false, open = false }) => {
  const one = call(0, outcome);
  expect([isDone(one), isUnknown(one), isOpenEffect([one], one)]).toEqual([done, unknown, open]);
});

test("what was tried again is judged by its last try, and by no other tool", () => {
  const [first, again, other] = [call(0, "fault"), call(1, "fault"), call(2, "answered", "u")];
  const effects = [first, again, other];
  expect(effects.map((each) => isOpenEffect(effects, each))).toEqual([false, true, false]);
  const planned: CallView = { ...first, state: { kind: "planned" } };
  expect(isOpenEffect([planned], planned)).toBe(false);
});
