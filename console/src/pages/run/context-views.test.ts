import { expect, test } from "vitest";
import { listKnownFacts } from "./known-facts.ts";
import { listSnapshots } from "./list-snapshots.ts";
import type { ShownEvent } from "./run-source.ts";

const startMs = 1_795_262_400_000;

function toLog(...given: readonly object[]): readonly ShownEvent[] {
  return given.map((event, at) => ({
    seq: at + 1,
    event: { v: 1, type: "?", atMs: startMs + at * 1_000, ...event },
  }));
}

const asked = (step: number, conversation: number, more: object = {}) => ({
  type: "model.asked",
  step,
  snapshot: { tokens: { instructions: 10, tools: 5, conversation, sources: { who: 2, house: 3 } } },
  ...more,
});
const read = (key: string, more: object = {}) => ({
  type: "call.ended",
  step: 0,
  ordinal: 0,
  facts: [{ key, value: "a" }],
  ...more,
});

test("a step that was asked again is shown as it was asked last, and a summary is no step", () => {
  const events = toLog(
    asked(0, 100),
    asked(0, 120),
    asked(1, 900, { for: "summary" }),
    { type: "context.compacted", step: 1 },
    asked(1, 80),
    { type: "model.asked", step: 2 },
  );
  expect(listSnapshots(events)).toMatchObject([
    { step: 0, seq: 2, conversation: 120, sources: 5, total: 140, isCompacted: false },
    { step: 1, seq: 5, conversation: 80, isCompacted: true },
  ]);
});

test("a fact is as old as its last reading, touched by what changes it, and read again or gone", () => {
  const events = toLog(
    read("fare:1"),
    read("seat:2"),
    { type: "call.ended", step: 1, ordinal: 0, changed: ["seat:2", "never:read"] },
    { type: "fact.read", step: 2, ordinal: 1, key: "fare:1", was: "a", value: "b" },
    read("later:3"),
  );
  const until = { seq: 4, atMs: startMs + 10_000 };
  expect(listKnownFacts(events, until)).toEqual([
    {
      key: "seat:2",
      step: 0,
      ordinal: 0,
      readMs: startMs + 1_000,
      isTouched: true,
      again: null,
      ageMs: 9_000,
    },
    {
      key: "fare:1",
      step: 2,
      ordinal: 1,
      readMs: startMs + 3_000,
      isTouched: false,
      again: "changed",
      ageMs: 7_000,
    },
  ]);
});
