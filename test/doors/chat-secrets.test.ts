import { expect, test, vi } from "vitest";
import { completionsOf, failureOf, modelKey, startChat, user } from "./chat-scene.ts";

// A server and its database are started for each.
vi.setConfig({ testTimeout: 120_000 });

const weather = { type: "function" as const, function: { name: "weather" } };

test("I9: a known secret is found in what is put together for a backend", async () => {
  const scene = await startChat([{ say: "Oslo" }]);
  const { completions } = scene.as("ada").chat;
  const [first, rest] = [modelKey.slice(0, 12), modelKey.slice(12)];
  const parts = [first, rest].map((text) => ({ type: "text", text }));
  const escaped = `{"key":"\\u0073${modelKey.slice(1)}"}`;
  const hidden = { id: "c", type: "function", function: { name: "f", arguments: escaped } };
  for (const message of [
    { role: "user", content: parts },
    { role: "assistant", content: first, refusal: rest },
    { role: "assistant", content: null, tool_calls: [hidden] },
  ]) {
    const messages = [...user("?"), message];
    const asking = completions.create({ model: "plain", messages } as never);
    const { status, code, param } = await failureOf(asking);
    expect([status, code, param]).toEqual([400, "secret_sent", "messages"]);
  }
  expect(await completionsOf(scene)).toEqual([]);
});

test("I9: a known secret in an answer is taken out, whole and streaming", async () => {
  const args = { key: modelKey };
  const scene = await startChat([
    { when: { contains: "call" }, calls: [{ tool: "weather", args }] },
    { say: `It is ${modelKey}, they say.` },
  ]);
  const { completions } = scene.as("ada").chat;
  for (const content of ["say", "call"]) {
    const ask = { model: "plain", messages: user(content), tools: [weather] };
    const whole = await completions.create(ask);
    const streamed = await completions.stream(ask).finalChatCompletion();
    for (const { message } of [whole.choices[0]!, streamed.choices[0]!]) {
      if (content === "say") expect(message.content).toBe("It is [redacted], they say.");
      else
        expect(message.tool_calls?.[0]).toMatchObject({
          function: { arguments: '{"key":"[redacted]"}' },
        });
    }
  }
  expect(scene.up.log()).not.toContain(modelKey);
});
