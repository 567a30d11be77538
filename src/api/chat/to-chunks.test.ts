import { expect, test } from "vitest";
import { toDigest } from "../../model/index.ts";
import { unknownUsage } from "../../model/model-usage.ts";
import type { ModelEvent } from "../../ports/model-backend.ts";
import type { Completed } from "../../run/completing.ts";
import { createChunks, toCompletion, type AnswerHead } from "./to-chunks.ts";

const head: AnswerHead = {
  id: "r",
  createdMs: 1_700_000_000_999,
  alias: "small",
  fingerprint: null,
};
const completed: Completed = {
  backend: "b",
  model: "m",
  attempts: 1,
  stop: "ended",
  usage: { ...unknownUsage, input: 10, output: 2 },
  cost: null,
  prices: toDigest("prices"),
  firstTokenMs: 1,
  tokensPerSecond: null,
  text: "",
  calls: [],
};

function play(events: readonly ModelEvent[], includesUsage = false) {
  const chunks = createChunks(head, includesUsage);
  return events.flatMap((event) => parse(chunks.push(event)));
}

function parse(text: string) {
  return text
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => {
      const data = event.replace(/^data: /, "");
      return data === "[DONE]" ? data : (JSON.parse(data) as Record<string, unknown>);
    });
}

const delta = (index: number, id: string | null, name: string | null, text: string) =>
  ({ kind: "call_delta", index, id, name, text }) as const;
const toCalls = (chunks: ReturnType<typeof play>) =>
  chunks.map((chunk) => {
    const { choices } = chunk as { choices: { delta: { tool_calls: unknown[] } }[] };
    return choices[0]!.delta.tool_calls[0];
  });

test("indexes count from nought, and a call is named once, before its arguments", () => {
  // As a backend counts that has the text at 0, and says names late.
  const chunks = play([
    delta(1, "c1", null, ""),
    delta(1, "c1", null, '{"a"'),
    delta(1, "c1", "f", ":1"),
    delta(1, "c1", "f", "}"),
    delta(3, "c3", "g", ""),
    { kind: "call", index: 1, call: { id: "c1", name: "f", args: '{"a":1}' } },
    { kind: "call", index: 3, call: { id: "c3", name: "g", args: "{}" } },
  ]);
  expect(toCalls(chunks)).toEqual([
    { index: 0, id: "c1", type: "function", function: { name: "f", arguments: "" } },
    { index: 0, function: { arguments: '{"a":1' } },
    { index: 0, function: { arguments: "}" } },
    { index: 1, id: "c3", type: "function", function: { name: "g", arguments: "" } },
    { index: 1, function: { arguments: "{}" } },
  ]);
});

test("the end says why, counts where that was asked for, and closes", () => {
  const events = parse(createChunks(head, true).end({ ...completed, stop: "length" }));
  expect(events).toMatchObject([
    { choices: [{ delta: {}, finish_reason: "length" }], usage: null, created: 1_700_000_000 },
    { choices: [], usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 } },
    "[DONE]",
  ]);
  expect(parse(createChunks(head, false).end(completed))).toHaveLength(2);
  const uncounted = parse(createChunks(head, true).end({ ...completed, usage: unknownUsage }));
  expect(uncounted[1]).toMatchObject({ choices: [], usage: null });
});

test("a backend that says it has ended, with calls, has made calls", () => {
  const calls = [{ id: "c", name: "f", args: "{}" }];
  const { choices } = toCompletion(head, { ...completed, calls });
  expect(choices[0]).toMatchObject({ finish_reason: "tool_calls", message: { content: null } });
  expect(toCompletion(head, { ...completed, usage: unknownUsage })).not.toHaveProperty("usage");
  expect(toCompletion(head, { ...completed, stop: "other", text: "so" }).choices[0]).toMatchObject({
    finish_reason: "stop",
    message: { content: "so" },
  });
});
