import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../../test/scale.ts";
import { Fault } from "../../model/index.ts";
import { parseCompletion } from "./parse-completion.ts";

const user = { role: "user", content: "?" };
const call = { id: "c1", type: "function", function: { name: "f", arguments: "{}" } };
const asked = { role: "assistant", content: null, tool_calls: [call] };
const result = { role: "tool", tool_call_id: "c1", content: "done" };
const tool = { type: "function", function: { name: "f", description: "F.", parameters: {} } };

const parse = (more: object) =>
  parseCompletion(JSON.stringify({ model: "small", messages: [user], ...more }));

function paramOf(more: object): unknown {
  try {
    parse(more);
  } catch (error) {
    if (error instanceof Fault && error.code === "request_invalid") return error.details["param"];
    throw error;
  }
  return "taken";
}

test("a conversation in all its roles is what a backend is given", () => {
  const { request, alias, streams, includesUsage } = parse({
    messages: [
      { role: "system", content: "Be brief." },
      {
        role: "developer",
        content: [
          { type: "text", text: "In" },
          { type: "text", text: " verse." },
        ],
      },
      { ...user, name: "ada" },
      asked,
      result,
      { role: "assistant", content: "So", refusal: null, annotations: [] },
    ],
    tools: [tool, { type: "function", function: { name: "g" } }],
    stop: "END",
    max_tokens: 7,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });
  expect([alias, streams, includesUsage]).toEqual(["small", true, true]);
  expect(request).toEqual({
    instructions: "Be brief.\n\nIn verse.",
    messages: [
      { role: "user", text: "?" },
      { role: "assistant", text: "", calls: [{ id: "c1", name: "f", args: "{}" }] },
      { role: "tool", callId: "c1", text: "done", isError: false },
      { role: "assistant", text: "So", calls: [] },
    ],
    tools: [
      { name: "f", description: "F.", schema: {} },
      { name: "g", description: "", schema: { type: "object", properties: {} } },
    ],
    parameters: { maxTokens: 7, temperature: 0, stop: ["END"] },
    stableMessages: null,
  });
});

test("without a bound there is one, and tools that may not be called are not offered", () => {
  expect(parse({}).request.parameters).toEqual({ maxTokens: 4_096, temperature: null, stop: [] });
  expect(parse({ tools: [tool], tool_choice: "none" }).request.tools).toEqual([]);
  expect(parse({ tools: [tool], tool_choice: null }).request.tools).toHaveLength(1);
});

test.each([
  ["model", { model: "" }],
  ["model", { model: 1 }],
  ["messages", { messages: [] }],
  ["messages", { messages: "?" }],
  ["messages", { messages: [{ role: "system", content: "alone" }] }],
  ["messages", { messages: Array.from({ length: 4_097 }, () => user) }],
  ["messages.0", { messages: ["?"] }],
  ["messages.0.role", { messages: [{ role: "function", content: "?" }] }],
  ["messages.0.content", { messages: [{ role: "user" }] }],
  ["messages.0.content", { messages: [{ role: "assistant" }] }],
  ["messages.0.thoughts", { messages: [{ ...user, thoughts: "hm" }] }],
  ["messages.0.audio", { messages: [{ role: "assistant", content: "", audio: { id: "a" } }] }],
  [
    "messages.0.content.0.type",
    { messages: [{ role: "user", content: [{ type: "input_audio" }] }] },
  ],
  ["messages.0.content.0.text", { messages: [{ role: "user", content: [{ type: "text" }] }] }],
  ["messages.1.role", { messages: [user, { role: "system", content: "Late." }] }],
  ["messages.0.tool_call_id", { messages: [result] }],
  [
    "messages.0.tool_calls.0.type",
    { messages: [{ ...asked, tool_calls: [{ ...call, type: "custom" }] }] },
  ],
  [
    "messages.0.tool_calls.0.function.arguments",
    { messages: [{ ...asked, tool_calls: [{ ...call, function: { name: "f", arguments: {} } }] }] },
  ],
  ["tools", { tools: Array.from({ length: 129 }, () => tool) }],
  ["tools.0.type", { tools: [{ type: "custom", custom: { name: "f" } }] }],
  ["tools.0.function.name", { tools: [{ type: "function", function: { name: "a b" } }] }],
  ["tools.1.function.name", { tools: [tool, tool] }],
  [
    "tools.0.function.strict",
    { tools: [{ type: "function", function: { name: "f", strict: true } }] },
  ],
  ["tool_choice", { tools: [tool], tool_choice: "required" }],
  ["tool_choice", { tools: [tool], tool_choice: { type: "function", function: { name: "f" } } }],
  ["max_tokens", { max_tokens: 0 }],
  ["max_completion_tokens", { max_completion_tokens: 1.5 }],
  ["max_tokens", { max_tokens: 1, max_completion_tokens: 2 }],
  ["temperature", { temperature: 3 }],
  ["stop", { stop: ["a", "b", "c", "d", "e"] }],
  ["stop.0", { stop: [""] }],
  ["stream", { stream: "yes" }],
  ["stream_options", { stream_options: { include_usage: true } }],
  ["stream_options.more", { stream: true, stream_options: { more: true } }],
  ["n", { n: 2 }],
  ["top_p", { top_p: 0.5 }],
  ["presence_penalty", { presence_penalty: 1 }],
  ["logit_bias", { logit_bias: { "50256": -100 } }],
  ["logprobs", { logprobs: true }],
  ["seed", { seed: 7 }],
  ["response_format", { response_format: { type: "json_schema", json_schema: { name: "x" } } }],
  ["parallel_tool_calls", { parallel_tool_calls: false }],
  ["service_tier", { service_tier: "flex" }],
  ["store", { store: true }],
  ["functions", { functions: [] }],
  ["reasoning_effort", { reasoning_effort: "high" }],
  ["modalities", { modalities: ["audio"] }],
  ["__proto__x", { __proto__x: 1 }],
] as const)("%s is refused by its name", (param, more) => {
  expect(paramOf(more)).toBe(param);
});

test("what changes no answer is taken and let be", () => {
  const harmless = {
    user: "u",
    metadata: { a: "b" },
    safety_identifier: "s",
    prompt_cache_key: "k",
    n: 1,
    top_p: 1,
    frequency_penalty: 0,
    logit_bias: {},
    response_format: { type: "text" },
    service_tier: "auto",
    seed: null,
    reasoning_effort: null,
  };
  expect(paramOf(harmless)).toBe("taken");
});

test("what two readers could read differently is no request", () => {
  const twice = '{"model":"small","model":"large","messages":[{"role":"user","content":"?"}]}';
  expect(() => parseCompletion(twice)).toThrow(/not JSON/);
  expect(() => parseCompletion("[]")).toThrow(/object/);
});

test("whatever comes is taken or refused as what it is, and nothing else happens", () => {
  const member = fc.oneof(fc.json(), fc.constantFrom('"user"', '"tool"', "null", "1", "[]"));
  const key = fc.constantFrom(
    "model",
    "messages",
    "tools",
    "tool_choice",
    "stop",
    "stream",
    "stream_options",
    "max_tokens",
    "n",
    "__proto__",
    "constructor",
  );
  const texts = fc
    .array(fc.tuple(key, member), { maxLength: 8 })
    .map((members) => `{${members.map(([name, value]) => `"${name}":${value}`).join(",")}}`);
  fc.assert(
    fc.property(fc.oneof(texts, fc.string()), (text) => {
      try {
        expect(parseCompletion(text).request.messages.length).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        expect(error.code).toBe("request_invalid");
      }
    }),
    { numRuns: scaled({ test: 2_000, prove: 100_000 }), seed: seed() },
  );
});
