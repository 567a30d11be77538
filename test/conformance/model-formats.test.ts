import { expect, test } from "vitest";
import { createAnthropicFormat } from "../../src/adapters/anthropic/anthropic-format.ts";
import { createOpenaiFormat } from "../../src/adapters/openai/openai-format.ts";
import type { ModelRequest } from "../../src/ports/model-backend.ts";

/** One conversation, as each format writes it. */

const schema = { type: "object", properties: { city: { type: "string" } } };
const call = (id: string, args: string) => ({ id, name: "weather", args });
const request: ModelRequest = {
  instructions: "Be brief.",
  messages: [
    { role: "user", text: "Oslo and Bergen?" },
    { role: "assistant", text: "", calls: [call("a", '{"city":"Oslo"}'), call("b", "{}")] },
    { role: "tool", callId: "a", text: "snow", isError: false },
    { role: "tool", callId: "b", text: "which city?", isError: true },
  ],
  tools: [{ name: "weather", description: "The weather.", schema }],
  parameters: { maxTokens: 50, temperature: 0, stop: ["END"] },
  stableMessages: 3,
};

test("chat.completions: every result is a message, and failures say so in words", () => {
  const toCall = (id: string, args: string) => ({
    id,
    type: "function",
    function: { name: "weather", arguments: args },
  });
  const body = {
    model: "m",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Oslo and Bergen?" },
      {
        role: "assistant",
        content: null,
        tool_calls: [toCall("a", '{"city":"Oslo"}'), toCall("b", "{}")],
      },
      { role: "tool", tool_call_id: "a", content: "snow" },
      { role: "tool", tool_call_id: "b", content: "The tool failed: which city?" },
    ],
    tools: [
      {
        type: "function",
        function: { name: "weather", description: "The weather.", parameters: schema },
      },
    ],
    max_tokens: 50,
    temperature: 0,
    stop: ["END"],
    stream: true,
    stream_options: { include_usage: true },
  };
  expect(createOpenaiFormat("max_tokens").toBody(request, "m")).toEqual(body);
  const { max_tokens: _, ...rest } = body;
  const newer = createOpenaiFormat("max_completion_tokens").toBody(request, "m");
  expect(newer).toEqual({ ...rest, max_completion_tokens: 50 });
});

test("messages: results of one turn are one message, and the stable prefix is marked", () => {
  const kept = { cache_control: { type: "ephemeral" } };
  const format = createAnthropicFormat();
  expect(format.toBody(request, "m")).toEqual({
    model: "m",
    max_tokens: 50,
    system: [{ type: "text", text: "Be brief.", ...kept }],
    messages: [
      { role: "user", content: [{ type: "text", text: "Oslo and Bergen?" }] },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "a", name: "weather", input: { city: "Oslo" } },
          { type: "tool_use", id: "b", name: "weather", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a", content: "snow", ...kept },
          { type: "tool_result", tool_use_id: "b", content: "which city?", is_error: true },
        ],
      },
    ],
    tools: [{ name: "weather", description: "The weather.", input_schema: schema }],
    temperature: 0,
    stop_sequences: ["END"],
    stream: true,
  });
  const without = JSON.stringify(format.toBody({ ...request, stableMessages: null }, "m"));
  expect(without).not.toContain("cache_control");
  const wrong = { role: "assistant", text: "", calls: [call("a", "{")] } as const;
  expect(() => format.toBody({ ...request, messages: [wrong] }, "m")).toThrow(
    expect.objectContaining({ code: "request_invalid" }),
  );
});

test("messages: cached and written tokens are part of what went in, reasoning says nothing", () => {
  const reader = createAnthropicFormat().createReader();
  const read = (event: object) => reader.read({ event: "", data: JSON.stringify(event) });
  const usage = {
    input_tokens: 10,
    cache_read_input_tokens: 200,
    cache_creation_input_tokens: 30,
    output_tokens: 1,
  };
  read({ type: "message_start", message: { usage } });
  const thinking = { type: "thinking_delta", thinking: "secret thoughts" };
  expect(read({ type: "content_block_delta", index: 0, delta: thinking })).toEqual([
    { kind: "progress" },
  ]);
  const end = { type: "message_delta", delta: { stop_reason: "end_turn" } };
  expect(read({ ...end, usage: { output_tokens: 7 } })[0]).toEqual({
    kind: "usage",
    usage: { input: 240, cached: 200, written: 30, output: 7, reasoning: null },
  });
});
