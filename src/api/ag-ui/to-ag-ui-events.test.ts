import { expect, test } from "vitest";
import { toDigest, type RunId } from "../../model/index.ts";
import type { RunEvent } from "../../model/run-event.ts";
import { isAgUi } from "./ag-ui-door.ts";
import { createStretch } from "./stretch.ts";
import { shownTextOf, toAgUiEvents } from "./to-ag-ui-events.ts";

const run = "01900000-0000-7000-8000-000000000001" as RunId;
const child = "01900000-0000-7000-8000-000000000002" as RunId;
const at = { v: 1, atMs: 7 } as const;
const digest = toDigest("x");
const cost = { micros: 0, tokens: 0, calls: 0 };
const place = { step: 1, ordinal: 2 };
const nothing = { texts: new Set<string>(), calls: new Set<string>(), results: new Set<string>() };

const responded = (calls: readonly string[]): RunEvent => ({
  ...at,
  type: "model.responded",
  step: 1,
  backend: "b",
  response: digest,
  stop: "tool_calls",
  calls: calls.map((tool) => ({ tool, args: digest, effect: "read" })),
  usage: { input: null, cached: null, written: null, output: null, reasoning: null },
  prices: digest,
  cost,
});
const childEnded: RunEvent = {
  ...at,
  type: "child.ended",
  ...place,
  run: child,
  outcome: "completed",
  result: digest,
  inbox: 1,
};
const callEnded: RunEvent = {
  ...at,
  type: "call.ended",
  ...place,
  entry: null,
  outcome: "answered",
  result: digest,
  cost,
};
const result = JSON.stringify({ text: "4 seats", isError: false, raw: null });

test("an answer of the model is a text and its calls, each under an id of its own", () => {
  const args = ['{"b":1,"a":2}', ""];
  const calls = args.map((each, index) => ({ name: `t${index}`, args: each }));
  const contents = JSON.stringify({ text: "I look.", calls });
  const events = toAgUiEvents(run, { seq: 4, event: responded(["t0", "t1"]) }, contents);
  const [messageId, timestamp] = [`${run}_1`, 7];
  const [first, second] = [`call_${run}_1_0`, `call_${run}_1_1`];
  expect(events).toEqual([
    { type: "TEXT_MESSAGE_START", messageId, role: "assistant", timestamp },
    { type: "TEXT_MESSAGE_CONTENT", messageId, delta: "I look.", timestamp },
    { type: "TEXT_MESSAGE_END", messageId, timestamp },
    {
      type: "TOOL_CALL_START",
      toolCallId: first,
      toolCallName: "t0",
      parentMessageId: messageId,
      timestamp,
    },
    { type: "TOOL_CALL_ARGS", toolCallId: first, delta: '{"b":1,"a":2}', timestamp },
    { type: "TOOL_CALL_END", toolCallId: first, timestamp },
    {
      type: "TOOL_CALL_START",
      toolCallId: second,
      toolCallName: "t1",
      parentMessageId: messageId,
      timestamp,
    },
    { type: "TOOL_CALL_END", toolCallId: second, timestamp },
  ]);
  expect(toAgUiEvents(run, { seq: 4, event: responded(["t0", "t1"]) }, contents)).toEqual(events);
});

test("a result is a message of its own each time that the call ended", () => {
  const [first] = toAgUiEvents(run, { seq: 5, event: callEnded }, result);
  expect(first).toEqual({
    type: "TOOL_CALL_RESULT",
    messageId: `result_${run}_5`,
    toolCallId: `call_${run}_1_2`,
    content: "4 seats",
    role: "tool",
    timestamp: 7,
  });
  const [again] = toAgUiEvents(run, { seq: 9, event: callEnded }, result);
  expect(again).toEqual({ ...first, messageId: `result_${run}_9` });
});

test("a text that is gone is said to be, and arguments that are gone are not made up", () => {
  const events = toAgUiEvents(run, { seq: 4, event: responded(["t0"]) }, null);
  expect(events.map(({ type }) => type)).toEqual([
    "TEXT_MESSAGE_START",
    "TEXT_MESSAGE_CONTENT",
    "TEXT_MESSAGE_END",
    "TOOL_CALL_START",
    "TOOL_CALL_END",
  ]);
  expect(events[1]).toMatchObject({ delta: "(This text is gone.)" });
  const [ended] = toAgUiEvents(run, { seq: 5, event: callEnded }, null);
  expect(ended).toMatchObject({ content: "(This text is gone.)" });
});

test("a sub-agent is a step, which is closed once, and only after it was opened", () => {
  const begun = { ...at, type: "child.started", ...place, run: child } as const;
  const started = toAgUiEvents(run, { seq: 6, event: begun }, null);
  const ended = toAgUiEvents(run, { seq: 7, event: childEnded }, result);
  const stepName = `sub-agent of call_${run}_1_2`;
  expect(started).toEqual([{ type: "STEP_STARTED", stepName, timestamp: 7 }]);
  expect(ended.map(({ type }) => type)).toEqual(["STEP_FINISHED", "TOOL_CALL_RESULT"]);
  const keep = (stretch: ReturnType<typeof createStretch>, events: typeof ended) =>
    events.flatMap((event) => stretch.keep(event)).map(({ type }) => type);
  const late = createStretch(nothing);
  expect(keep(late, ended)).toEqual(["TOOL_CALL_RESULT"]);
  const cut = createStretch(nothing);
  expect(keep(cut, [...started, ...started])).toEqual(["STEP_STARTED"]);
  expect(cut.close(8)).toEqual([{ type: "STEP_FINISHED", stepName, timestamp: 8 }]);
  expect(cut.close(9)).toEqual([]);
});

test("what the client has is left out, and nothing else", () => {
  const contents = JSON.stringify({ text: "I look.", calls: [{ name: "t0", args: "{}" }] });
  const events = [
    ...toAgUiEvents(run, { seq: 4, event: responded(["t0"]) }, contents),
    ...toAgUiEvents(run, { seq: 5, event: callEnded }, result),
  ];
  const left = (known: Partial<typeof nothing>) => {
    const stretch = createStretch({ ...nothing, ...known });
    return events.flatMap((event) => stretch.keep(event)).map(({ type }) => type);
  };
  expect(left({})).toHaveLength(7);
  expect(left({ texts: new Set([`${run}_1`]) })).toEqual([
    "TOOL_CALL_START",
    "TOOL_CALL_ARGS",
    "TOOL_CALL_END",
    "TOOL_CALL_RESULT",
  ]);
  const calls = new Set([`call_${run}_1_0`]);
  expect(left({ texts: new Set([`${run}_1`]), calls })).toEqual(["TOOL_CALL_RESULT"]);
  expect(left({ results: new Set([`result_${run}_5`]) })).not.toContain("TOOL_CALL_RESULT");
});

test("what is the run's own business is not told", () => {
  const own: readonly RunEvent[] = [
    { ...at, type: "run.started" },
    { ...at, type: "run.waited", for: "approval", untilMs: 9 },
    { ...at, type: "model.failed", step: 1, code: "x", retryAtMs: 9, cost },
    { ...at, type: "signal.received", name: "paid", payload: digest, inbox: 1 },
  ];
  for (const event of own) {
    expect(toAgUiEvents(run, { seq: 1, event }, null)).toEqual([]);
    expect(shownTextOf(event)).toBeNull();
  }
});

test.each([
  ["/v1/ag-ui/travel", true],
  ["/v1/ag-ui/", false],
  ["/v1/ag-ui/travel/more", false],
  ["/v1/ag-ui", false],
])("%s is the door: %s", (path, expected) => {
  expect(isAgUi(path)).toBe(expected);
});
