import { expect, test } from "vitest";
import { toDigest } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import { listCosts } from "./list-costs.ts";
import type { CallView, RunView } from "./view.ts";

const dayMs = 86_400_000;
const digest = toDigest("x");
const call = { step: 0, ordinal: 0, tool: "bank__pay" } as CallView;
const view = { turn: { calls: [call] }, effects: [] } as unknown as RunView;
const base = { v: 1, atMs: 2 * dayMs + 5, step: 0 } as const;
const unknown = { input: null, cached: null, written: null, output: null, reasoning: null };

function responded(micros: number, atMs: number = base.atMs): RunEvent {
  const answer = { backend: "large", response: digest, stop: "ended", calls: [] } as const;
  const cost = { micros, tokens: 10, calls: 0 };
  return {
    ...base,
    type: "model.responded",
    ...answer,
    usage: unknown,
    prices: digest,
    cost,
    atMs,
  };
}

function ended(ordinal: number, micros: number): RunEvent {
  const cost = { micros, tokens: 0, calls: 1 };
  const end = { entry: null, outcome: "answered", result: digest } as const;
  return { ...base, type: "call.ended", ordinal, ...end, cost };
}

test("costs of a day are one sum for each model and tool; what was free is not kept", () => {
  const failed: RunEvent = {
    ...base,
    type: "model.failed",
    code: "worker_lost",
    retryAtMs: null,
    cost: { micros: 4, tokens: 2, calls: 0 },
  };
  const events = [responded(5), ended(0, 50), responded(6), ended(1, 0), failed];
  const model = { kind: "model", tokens: 10 };
  expect(listCosts(view, [...events, responded(7, 3 * dayMs)])).toEqual([
    { ...model, day: 2, name: "large", micros: 11, tokens: 20 },
    { kind: "tool", day: 2, name: "bank__pay", micros: 50, tokens: 0 },
    // Who took it and gave no answer, nobody knows.
    { ...model, day: 2, name: null, micros: 4, tokens: 2 },
    { ...model, day: 3, name: "large", micros: 7 },
  ]);
});

test("a source that is called null is not one that nobody knows", () => {
  const named = responded(5) as Extract<RunEvent, { type: "model.responded" }>;
  const failed = { ...base, type: "model.failed", code: "worker_lost", retryAtMs: null } as const;
  const events = [
    { ...named, backend: "null" },
    { ...failed, cost: named.cost },
  ];
  expect(listCosts(view, events).map(({ name }) => name)).toEqual(["null", null]);
});

test("a name that is too long for a key keeps nothing from being written", () => {
  const long = { ...call, tool: "é".repeat(300) } as CallView;
  const odd = { ...view, turn: { calls: [long] } } as unknown as RunView;
  expect(listCosts(odd, [ended(0, 9)])).toMatchObject([{ name: null, micros: 9 }]);
});
