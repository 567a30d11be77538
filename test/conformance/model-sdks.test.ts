import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { expect, onTestFinished, test } from "vitest";
import { startScriptedServer } from "../../src/adapters/scripted/scripted-server.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";

/** The server that our clients are tested on is one that the official clients accept, too. */

const key = "sk-canary";
const schema = { type: "object" as const, properties: { city: { type: "string" } } };
const turns = [
  {
    when: { last: "user", contains: "weather" },
    say: "Let me see.",
    calls: [{ tool: "weather", args: { city: "Tromsø" } }, { tool: "weather" }],
    usage: { input: 20, output: 9, cached: 5 },
  },
  { when: { tool: "weather", results: 2 }, say: "It snows. ❄️" },
  { when: { contains: "split" }, say: "ü€🌍", fault: { kind: "split_utf8" } },
  { when: { contains: "limit" }, fault: { kind: "status", status: 429, retryAfter: 1 } },
  { when: { contains: "overload" }, fault: { kind: "status", status: 529 } },
  { when: { contains: "broken" }, say: "a", fault: { kind: "error", after: 3 } },
];

async function start() {
  const script = modelScriptSchema.parse({ name: "sdk", turns });
  const server = await startScriptedServer({ script, clock: systemClock, key });
  onTestFinished(() => server.close());
  return {
    openai: new OpenAI({ apiKey: key, baseURL: `${server.url}/v1`, maxRetries: 0 }),
    anthropic: new Anthropic({ apiKey: key, baseURL: server.url, maxRetries: 0 }),
    url: server.url,
  };
}

const ask = (content: string) => [{ role: "user" as const, content }];
const tools = [{ type: "function" as const, function: { name: "weather", parameters: schema } }];

test("the OpenAI SDK: streaming and whole, calls, results, models and errors", async () => {
  const { openai, url } = await start();
  const { completions } = openai.chat;
  const stream = completions.stream({
    model: "any",
    messages: ask("The weather?"),
    tools,
    stream_options: { include_usage: true },
  });
  const streamed = await stream.finalChatCompletion();
  const whole = await completions.create({ model: "any", messages: ask("The weather?"), tools });
  for (const { choices, usage, model } of [streamed, whole]) {
    expect(choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        content: "Let me see.",
        tool_calls: [
          { type: "function", function: { name: "weather", arguments: '{"city":"Tromsø"}' } },
          { type: "function", function: { name: "weather", arguments: "{}" } },
        ],
      },
    });
    expect([usage?.prompt_tokens, usage?.prompt_tokens_details?.cached_tokens]).toEqual([20, 5]);
    expect(model).toBe("scripted/sdk");
  }
  const { message } = whole.choices[0]!;
  const results = message.tool_calls!.map(({ id }) => ({
    role: "tool" as const,
    tool_call_id: id,
    content: "snow",
  }));
  const messages = [...ask("The weather?"), message, ...results];
  const second = await completions.create({ model: "any", messages });
  expect(second.choices[0]?.message.content).toBe("It snows. ❄️");
  const split = completions.stream({ model: "any", messages: ask("split it") });
  expect(await split.finalContent()).toBe("ü€🌍");
  expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(["scripted/sdk"]);
  await expect(completions.create({ model: "any", messages: ask("limit") })).rejects.toThrow(
    OpenAI.RateLimitError,
  );
  await expect(
    completions.stream({ model: "any", messages: ask("broken") }).finalChatCompletion(),
  ).rejects.toThrow(OpenAI.APIError);
  const stranger = new OpenAI({ apiKey: "wrong", baseURL: `${url}/v1`, maxRetries: 0 });
  await expect(stranger.models.list()).rejects.toThrow(OpenAI.AuthenticationError);
});

test("the Anthropic SDK: streaming and whole, calls, results, models and errors", async () => {
  const { anthropic, url } = await start();
  const { messages } = anthropic;
  const asked = {
    model: "any",
    max_tokens: 100,
    tools: [{ name: "weather", input_schema: schema }],
  };
  const streamed = await messages
    .stream({ ...asked, messages: ask("The weather?") })
    .finalMessage();
  const whole = await messages.create({ ...asked, messages: ask("The weather?") });
  for (const { content, stop_reason: stop, usage, model } of [streamed, whole]) {
    expect(content).toMatchObject([
      { type: "text", text: "Let me see." },
      { type: "tool_use", name: "weather", input: { city: "Tromsø" } },
      { type: "tool_use", name: "weather", input: {} },
    ]);
    expect([stop, usage.input_tokens, usage.cache_read_input_tokens]).toEqual(["tool_use", 15, 5]);
    expect([usage.output_tokens, model]).toEqual([9, "scripted/sdk"]);
  }
  const results = whole.content.flatMap((each) =>
    each.type === "tool_use"
      ? [{ type: "tool_result" as const, tool_use_id: each.id, content: "snow" }]
      : [],
  );
  const second = await messages.create({
    ...asked,
    messages: [
      ...ask("The weather?"),
      { role: "assistant", content: whole.content },
      { role: "user", content: results },
    ],
  });
  expect(second.content).toMatchObject([{ type: "text", text: "It snows. ❄️" }]);
  const split = messages.stream({ ...asked, messages: ask("split it") });
  expect(await split.finalText()).toBe("ü€🌍");
  expect((await anthropic.models.list()).data.map(({ id }) => id)).toEqual(["scripted/sdk"]);
  await expect(messages.create({ ...asked, messages: ask("limit") })).rejects.toThrow(
    Anthropic.RateLimitError,
  );
  await expect(messages.create({ ...asked, messages: ask("overload") })).rejects.toMatchObject({
    status: 529,
  });
  await expect(
    messages.stream({ ...asked, messages: ask("broken") }).finalMessage(),
  ).rejects.toThrow(Anthropic.APIError);
  const stranger = new Anthropic({ apiKey: "wrong", baseURL: url, maxRetries: 0 });
  await expect(stranger.models.list()).rejects.toThrow(Anthropic.AuthenticationError);
});
