import { expect, test } from "vitest";
import { createBudget, toDigest, type ApprovalId, type RunId } from "../model/index.ts";
import { decideNext, findLoop } from "./next.ts";
import type { CallProgress, CallView, RunView, Turn } from "./view.ts";

const digest = toDigest("x");
const none = { micros: null, tokens: null, calls: null };
const view: RunView = {
  state: "running",
  created: {} as RunView["created"],
  budget: createBudget(none),
  maxSteps: 5,
  deadlineMs: null,
  step: 1,
  asks: 1,
  context: [],
  sources: {},
  compaction: null,
  snapshot: null,
  listed: { parts: 0, compacted: 0 },
  measured: { estimated: 0, factor: 1 },
  lastEnded: {},
  found: [],
  facts: {},
  asked: null,
  failures: 0,
  retryAtMs: null,
  turn: null,
  effects: [],
  tools: {},
  signatures: [],
  children: {},
  inbox: 0,
  waits: null,
  leaf: null,
  reason: null,
  output: null,
  quality: null,
};
const child = "child" as RunId;
const ended: CallProgress = { kind: "ended", outcome: "answered", result: digest };
const planned: CallProgress = { kind: "planned" };
const waitsUntil = (untilMs: number, what: "approval" | "timer" = "timer"): CallProgress => ({
  kind: "deferred",
  for: what,
  untilMs,
  name: null,
  approval: what === "approval" ? ("a" as ApprovalId) : null,
});
const below: CallProgress = { kind: "child", run: child };

function turn(...calls: readonly (readonly [CallView["effect"], CallProgress])[]): Turn {
  return {
    step: 0,
    stop: "tool_calls",
    response: digest,
    compensates: null,
    calls: calls.map(([effect, state], ordinal) => ({
      tool: "t",
      args: digest,
      step: 0,
      ordinal,
      entry: null,
      again: 0,
      putOff: 0,
      effect,
      state,
    })),
  };
}
const childIs = (state: "running" | "stopped") => ({
  children: { [child]: { step: 0, ordinal: 0, state } },
});

test.each<readonly [string, Partial<RunView>, object]>([
  ["one that is new starts", { state: "queued" }, { kind: "start" }],
  ["a paused one rests", { state: "paused" }, { kind: "rest" }],
  ["an ended one rests", { state: "completed" }, { kind: "rest" }],
  ["at first a model is asked", {}, { kind: "ask" }],
  ["at the deadline it stops", { deadlineMs: 100 }, { kind: "stop", reason: "deadline" }],
  ["one that waits stops, too", { state: "waiting", deadlineMs: 9 }, { kind: "stop" }],
  [
    "an asker who died is forgotten",
    { asked: { step: 1, held: {} as never, isForSummary: false } },
    { kind: "forget_asked" },
  ],
  ["after the last step it stops", { step: 5 }, { kind: "stop", reason: "steps" }],
  ["a loop stops", { signatures: ["a", "a", "a"] }, { kind: "stop", reason: "loop" }],
  [
    "a model that is away is waited for",
    { retryAtMs: 150 },
    { kind: "wait", for: "timer", untilMs: 150 },
  ],
  ["no longer than to the deadline", { retryAtMs: 150, deadlineMs: 120 }, { untilMs: 120 }],
  ["and asked again then", { retryAtMs: 100 }, { kind: "ask" }],
  ["one that is away for good fails", { failures: 8 }, { kind: "fail", code: "model_unavailable" }],
  ["an answer without calls ends it", { turn: turn() }, { kind: "finish" }],
  ["after its calls a model is asked", { turn: turn(["read", ended]) }, { kind: "ask" }],
  [
    "what is taken back is the end",
    { turn: { ...turn(["write", ended]), compensates: "ada" } },
    { kind: "finish" },
  ],
  [
    "a deferred call waits",
    { turn: turn(["write", waitsUntil(200, "approval")]) },
    { kind: "wait", for: "approval", untilMs: 200 },
  ],
  ["until its time", { turn: turn(["write", waitsUntil(100)]) }, { kind: "call" }],
  [
    "a sub-agent is waited for",
    { turn: turn(["agent", below]), ...childIs("running") },
    { kind: "wait", for: "run", untilMs: null },
  ],
  [
    "one that was stopped stops it",
    { turn: turn(["agent", below], ["read", waitsUntil(200)]), ...childIs("stopped") },
    { kind: "stop", reason: "budget" },
  ],
  [
    "as it waits already it rests",
    { state: "waiting", waits: { for: "timer", untilMs: 150 }, retryAtMs: 150 },
    { kind: "rest" },
  ],
  [
    "for something else it wakes",
    { state: "waiting", waits: { for: "timer", untilMs: 90 }, retryAtMs: 150 },
    { kind: "wake", by: "timer" },
  ],
])("%s", (_, changes, action) => {
  expect(decideNext({ ...view, ...changes }, 100)).toMatchObject(action);
});

test.each<readonly [string, Turn, readonly number[]]>([
  [
    "reads and sub-agents at once",
    turn(["read", planned], ["agent", planned], ["read", planned]),
    [0, 1, 2],
  ],
  [
    "a write waits for those before it",
    turn(["read", planned], ["write", planned], ["read", planned]),
    [0],
  ],
  ["and goes alone", turn(["read", ended], ["write", planned], ["write", planned]), [1]],
  ["those behind it wait", turn(["destructive", planned], ["read", planned]), [0]],
  ["what waits holds up no other read", turn(["read", waitsUntil(200)], ["read", planned]), [1]],
])("order: %s", (_, made, ordinals) => {
  const action = decideNext({ ...view, turn: made }, 100);
  expect(action.kind === "call" && action.calls.map(({ ordinal }) => ordinal)).toEqual(ordinals);
});

test.each<readonly [string, number | null]>([
  ["", null],
  ["aa", null],
  ["aaa", 1],
  ["baaa", 1],
  ["aaab", null],
  ["ababab", 2],
  ["abab", null],
  ["abcabcabc", 3],
  ["abcabc", null],
  ["abcdabcdabcd", null],
])("a loop in %j", (turns, period) => {
  expect(findLoop(Array.from(turns))).toBe(period);
});
