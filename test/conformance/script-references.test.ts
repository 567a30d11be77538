import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { expect, onTestFinished, test } from "vitest";
import { startScriptedServer } from "../../src/adapters/scripted/scripted-server.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";

/** What a scripted model takes from earlier results, as the official clients of both formats see it. */

const id = '{{ result "air__search" "/flights/0/id" }}';
const turns = [
  { when: { last: "user" }, calls: [{ tool: "air__search" }] },
  {
    when: { tool: "air__search" },
    say: `I take ${id}.`,
    calls: [{ tool: "air__book", args: { flight: id, seats: [{ of: id }] } }],
  },
  { when: { tool: "air__book" }, say: '{{ result "air__book" "/booking" }}' },
];
const found = JSON.stringify({ flights: [{ id: "B620" }, { id: "UA941" }] });
const none = JSON.stringify({ flights: [] });

async function start() {
  const script = modelScriptSchema.parse({ name: "refs", turns });
  const server = await startScriptedServer({ script, clock: systemClock, key: null });
  onTestFinished(() => server.close());
  return {
    openai: new OpenAI({ apiKey: "any", baseURL: `${server.url}/v1`, maxRetries: 0 }),
    anthropic: new Anthropic({ apiKey: "any", baseURL: server.url, maxRetries: 0 }),
  };
}

test("chat.completions: arguments and text from results, and an error that names what is missing", async () => {
  const { openai } = await start();
  const ask = (tool: string, content: string) =>
    openai.chat.completions.create({
      model: "any",
      messages: [
        { role: "user", content: "London to New York" },
        {
          role: "assistant",
          tool_calls: [{ id: "c1", type: "function", function: { name: tool, arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "c1", content },
      ],
    });
  const { choices } = await ask("air__search", found);
  expect(choices[0]?.message).toMatchObject({
    content: "I take B620.",
    tool_calls: [{ function: { arguments: '{"flight":"B620","seats":[{"of":"B620"}]}' } }],
  });
  await expect(ask("air__search", none)).rejects.toThrow(/400.*the result has no \/flights\/0\/id/);
  await expect(ask("air__book", '{"booking":{}}')).rejects.toThrow(/400.*that can be said/);
});

test("messages: the same", async () => {
  const { anthropic } = await start();
  const ask = (content: string) =>
    anthropic.messages.create({
      model: "any",
      max_tokens: 100,
      messages: [
        { role: "user", content: "London to New York" },
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "c1", name: "air__search", input: {} }],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content }] },
      ],
    });
  expect((await ask(found)).content).toMatchObject([
    { type: "text", text: "I take B620." },
    { type: "tool_use", input: { flight: "B620", seats: [{ of: "B620" }] } },
  ]);
  await expect(ask(none)).rejects.toThrow(/400.*the result has no/);
});
