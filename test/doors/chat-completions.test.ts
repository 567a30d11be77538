import OpenAI from "openai";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { completionsOf, failureOf, modelKey, startChat, user, type Failure } from "./chat-scene.ts";

// A server and its database are started for each.
vi.setConfig({ testTimeout: 120_000 });

const usage = { input: 20, output: 9, cached: 5 };
const weather = {
  when: { last: "user", contains: "weather" },
  say: "Let me see.",
  calls: [{ tool: "weather", args: { city: "Tromsø" } }, { tool: "weather" }],
  usage,
};
const tools = [
  {
    type: "function" as const,
    function: {
      name: "weather",
      description: "The weather of a place.",
      parameters: { type: "object", properties: { city: { type: "string" } } },
    },
  },
];

/** What clients write out although it is the default, or for OpenAI alone. */
const harmless: object = {
  n: 1,
  top_p: 1,
  presence_penalty: 0,
  parallel_tool_calls: true,
  response_format: { type: "text" },
  user: "u-1",
  metadata: { team: "a" },
};

test("the official SDK: whole and streaming, tools there and back, usage, models", async () => {
  const scene = await startChat([
    weather,
    { when: { tool: "weather", results: 2 }, say: "It snows. ❄️" },
    { when: { contains: "long" }, say: "cut he", stop: "length" },
    { when: { contains: "bad" }, say: "No.", stop: "refused" },
    { when: { contains: "uncounted" }, say: "Some.", fault: { kind: "no_usage" } },
    {
      when: { contains: "broken args" },
      calls: [{ tool: "weather" }],
      fault: { kind: "malformed_args" },
    },
    { say: "Oslo ü€🌍", usage: { input: 10, output: 2 } },
  ]);
  const openai = scene.as("ada");
  const { completions } = openai.chat;
  const ask = { model: "small", messages: user("The weather?"), tools };
  const whole = await completions.create({
    ...ask,
    ...harmless,
    tool_choice: "auto",
    temperature: 0.5,
    stop: ["END"],
    max_completion_tokens: 99,
  });
  const stream = completions.stream({ ...ask, stream_options: { include_usage: true } });
  const pieces: string[] = [];
  stream.on("content", (piece) => void pieces.push(piece));
  const streamed = await stream.finalChatCompletion();
  expect(pieces.length).toBeGreaterThan(1);
  for (const each of [whole, streamed]) {
    expect(each).toMatchObject({
      object: "chat.completion",
      model: "small",
      system_fingerprint: "priced:any",
      usage: {
        prompt_tokens: 20,
        completion_tokens: 9,
        total_tokens: 29,
        prompt_tokens_details: { cached_tokens: 5 },
      },
    });
    expect(each.id).toMatch(/^chatcmpl-[0-9a-f-]{36}$/);
    expect(Math.abs(each.created * 1000 - systemClock.nowMs())).toBeLessThan(60_000);
    expect(each.choices).toHaveLength(1);
    expect(each.choices[0]).toMatchObject({
      index: 0,
      finish_reason: "tool_calls",
      message: {
        role: "assistant",
        content: "Let me see.",
        tool_calls: [
          { type: "function", function: { name: "weather", arguments: '{"city":"Tromsø"}' } },
          { type: "function", function: { name: "weather", arguments: "{}" } },
        ],
      },
    });
  }
  // What was answered goes back as it came, with the results.
  for (const { message } of [whole.choices[0]!, streamed.choices[0]!]) {
    const results = message.tool_calls!.map(({ id }) => ({
      role: "tool" as const,
      tool_call_id: id,
      content: [{ type: "text" as const, text: "snow" }],
    }));
    const system = { role: "system" as const, content: "Be brief." };
    const messages = [system, ...user("The weather?"), message, ...results];
    const again = await completions.create({ model: "small", messages, tools });
    expect(again.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { content: "It snows. ❄️" },
    });
  }
  const said = async (content: string) =>
    (await completions.create({ model: "plain", messages: user(content) })).choices[0]!;
  expect((await said("long")).finish_reason).toBe("length");
  expect((await said("bad")).finish_reason).toBe("content_filter");
  expect((await said("broken args")).message.tool_calls?.[0]).toMatchObject({
    function: { name: "weather", arguments: "{}," },
  });
  const uncounted = await completions.create({ model: "small", messages: user("uncounted") });
  expect(uncounted.usage).toBeUndefined();

  const chunks = await completions.create({ model: "small", messages: user("?"), stream: true });
  let text = "";
  for await (const chunk of chunks) {
    expect(chunk.object).toBe("chat.completion.chunk");
    expect(chunk.choices).toHaveLength(1);
    text += chunk.choices[0]?.delta.content ?? "";
  }
  expect(text).toBe("Oslo ü€🌍");

  const listed = await openai.models.list();
  expect(listed.data.map(({ id, object }) => [id, object])).toEqual([
    ["small", "model"],
    ["plain", "model"],
  ]);
  expect((await openai.models.retrieve("small")).id).toBe("small");
  expect((await failureOf(openai.models.retrieve("large"))).status).toBe(404);
  expect(
    JSON.stringify(listed.data) + JSON.stringify(await scene.tell("GET", "/v1/config")),
  ).not.toContain(modelKey);
  // Whoever only calls sees nothing of where they run; whoever looks sees both.
  const bare = (await (
    await fetch(`${scene.up.url}/v1/models`, {
      headers: { authorization: `Bearer ${openai.apiKey}` },
    })
  ).json()) as object;
  expect(Object.keys(bare)).toEqual(["object", "data"]);
  expect(Object.keys(await scene.tell("GET", "/v1/models"))).toContain("backends");

  const entries = await completionsOf(scene);
  expect(entries).toHaveLength(9);
  expect(new Set(entries.map(({ tool, outcome }) => `${tool} ${outcome}`))).toEqual(
    new Set(["small answered", "plain answered"]),
  );
});

test("refusals: each with its status, in OpenAI's form, and nothing is sent", async () => {
  const scene = await startChat([
    { when: { contains: "busy" }, fault: { kind: "status", status: 429, retryAfter: 300 } },
    { when: { contains: "wrong" }, fault: { kind: "status", status: 400 } },
    { when: { contains: "down" }, fault: { kind: "status", status: 500 } },
    { say: "Oslo" },
  ]);
  const openai = scene.as("ada");
  const ask = (more: object, client = openai) =>
    failureOf(
      client.chat.completions.create({ model: "small", messages: user("?"), ...more } as never),
    );
  const told = async (more: object, client = openai) => {
    const { status, type, code, param } = await ask(more, client);
    return [status, type, code, param];
  };
  const stranger = new OpenAI({ apiKey: "wrong", baseURL: `${scene.up.url}/v1`, maxRetries: 0 });
  expect(await ask({}, stranger)).toBeInstanceOf(OpenAI.AuthenticationError);
  const approver = new OpenAI({
    apiKey: scene.home.key("approver"),
    baseURL: `${scene.up.url}/v1`,
    maxRetries: 0,
  });
  expect(await told({}, approver)).toEqual([403, "permission_error", "forbidden", null]);
  const unknown = await ask({ model: "smal" });
  expect([unknown.status, unknown.code, unknown.param]).toEqual([404, "model_not_found", "model"]);
  expect(unknown.message).toContain("Did you mean small? Models: small, plain.");

  const invalid = (param: string) => [400, "invalid_request_error", "request_invalid", param];
  const image = { type: "image_url", image_url: { url: "data:," } };
  expect(await told({ messages: [{ role: "user", content: [image] }] })).toEqual(
    invalid("messages.0.content.0.type"),
  );
  expect(await told({ tools, tool_choice: "required" })).toEqual(invalid("tool_choice"));
  expect(await told({ seed: 1 })).toEqual(invalid("seed"));
  expect(await told({ n: 2 })).toEqual(invalid("n"));
  expect(await told({ response_format: { type: "json_object" } })).toEqual(
    invalid("response_format"),
  );

  const large = await told({ messages: user("x".repeat(70_000)) });
  expect(large.slice(0, 3)).toEqual([413, "invalid_request_error", "payload_too_large"]);
  const secret = await ask({ messages: [...user("Keep this:"), ...user(`it is ${modelKey}.`)] });
  expect([secret.status, secret.code, secret.param]).toEqual([
    400,
    "secret_sent",
    "messages.1.content",
  ]);
  expect(JSON.stringify(secret.error)).not.toContain(modelKey);
  expect(await completionsOf(scene)).toEqual([]);

  const busy = await ask({ messages: user("busy") });
  expect([busy.status, busy.type, busy.code]).toEqual([429, "rate_limit_error", "model_busy"]);
  expect(Number(busy.headers?.get("retry-after"))).toBeGreaterThan(200);
  // It is left alone for as long as it said, so the other ones are asked of another backend.
  expect(await told({ model: "plain", messages: user("wrong") })).toEqual([
    400,
    "invalid_request_error",
    "model_refused",
    null,
  ]);
  const down = await ask({ model: "plain", messages: user("down") });
  expect([down.status, down.type, down.headers?.get("retry-after")]).toEqual([
    503,
    "server_error",
    "1",
  ]);
  expect(down.message).toContain("free does not answer now");
  expect(down.message).not.toContain("127.0.0.1");
  expect((await completionsOf(scene)).map(({ outcome }) => outcome)).toEqual([
    "failed",
    "failed",
    "failed",
  ]);
  const metrics = await fetch(`${scene.up.url}/metrics`, {
    headers: { authorization: `Bearer ${scene.home.key("admin")}` },
  });
  const text = await metrics.text();
  expect(text).toContain('countersign_completions_total{outcome="failed"} 3');
  expect(text).toContain('countersign_completions_total{outcome="refused"} 1');
  expect(text).toContain('countersign_gate_leaks_total{where="model"} 1');
  expect(scene.up.log()).not.toContain(modelKey);
});

test("in the middle: a failure is an event without [DONE], and whoever leaves ends it", async () => {
  const scene = await startChat([
    {
      when: { contains: "give up" },
      say: "One two three four",
      fault: { kind: "error", after: 3 },
    },
    { when: { contains: "cut" }, say: "One two three four", fault: { kind: "cut", after: 3 } },
    {
      when: { contains: "same ids" },
      calls: [{ tool: "a" }, { tool: "b" }],
      fault: { kind: "duplicate_ids" },
    },
    { when: { contains: "stall" }, say: "One two three four", fault: { kind: "stall", after: 3 } },
    { say: "Oslo" },
  ]);
  const openai = scene.as("ada");
  const raw = async (content: string) => {
    const response = await fetch(`${scene.up.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${openai.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "small", messages: user(content), stream: true }),
    });
    return { status: response.status, text: await response.text() };
  };
  for (const content of ["give up", "cut", "same ids"]) {
    const { status, text } = await raw(content);
    expect([content, status]).toEqual([content, 200]);
    expect(text).toMatch(
      /data: \{"error":\{"message":"[^"]+","type":"server_error","param":null,"code":"model_broken"\}\}\n\n$/,
    );
    expect(text).not.toContain("[DONE]");
    const failure = await failureOf(
      openai.chat.completions.stream({ model: "small", messages: user(content) }).finalContent(),
    );
    expect(failure.code).toBe("model_broken");
    // One that is well in between: three failures in a row would keep requests away.
    expect((await raw("?")).text).toMatch(/data: \[DONE\]\n\n$/);
  }

  const leaving = new AbortController();
  const stalled = await openai.chat.completions.create(
    { model: "small", messages: user("stall"), stream: true },
    { signal: leaving.signal },
  );
  for await (const chunk of stalled) if ((chunk.choices[0]?.delta.content ?? "") !== "") break;
  leaving.abort();
  const whole = new AbortController();
  const waiting = openai.chat.completions
    .create({ model: "plain", messages: user("stall") }, { signal: whole.signal })
    .catch((error: unknown) => error);
  await vi.waitFor(async () => expect(await scene.active()).toBe(1), { timeout: 10_000 });
  whole.abort();
  expect(await waiting).toBeInstanceOf(OpenAI.APIUserAbortError);
  await vi.waitFor(async () => expect(await scene.active()).toBe(0), { timeout: 10_000 });
  await vi.waitFor(async () => {
    const outcomes = (await completionsOf(scene)).map(({ outcome }) => outcome);
    expect(outcomes.filter((each) => each === "cut")).toHaveLength(2);
    expect(outcomes.filter((each) => each === "failed")).toHaveLength(6);
  });
});

test("I8: a budget holds the most before, and counts what it was after; tenants are apart", async () => {
  const scene = await startChat(
    [
      { when: { contains: "uncounted" }, say: "Some.", fault: { kind: "no_usage" } },
      { when: { contains: "down" }, fault: { kind: "status", status: 500 } },
      { say: "Oslo", usage: { input: 100, output: 10 } },
    ],
    // An answer costs 0.00035. The most that one of 100 tokens can cost is about 0.004.
    'budgets: { models: { each: tenant, per: day, money: "0.02", models: ["*"] } }\n',
  );
  const ask = (content: string, who: "ada" | "bob" = "ada", model = "small") =>
    scene
      .as(who)
      .chat.completions.create({ model, messages: user(content), max_completion_tokens: 100 });
  async function askUntilRefused(content: string, who: "ada" | "bob") {
    for (let answered = 0; answered < 100; answered += 1) {
      const one = await ask(content, who).catch((error: unknown) => error);
      if (one instanceof OpenAI.APIError) return { answered, refused: one as Failure };
      if (one instanceof Error) throw one;
    }
    throw new Error("it was never refused");
  }
  // Nothing is owed to a backend that takes nothing.
  for (const each of [1, 2])
    expect([each, (await failureOf(ask("down"))).status]).toEqual([each, 503]);
  const { answered, refused } = await askUntilRefused("?", "ada");
  // Far more than would fit if each had cost what was held, and none beyond the cap.
  expect(answered).toBeGreaterThan(20);
  expect(answered * 350).toBeLessThanOrEqual(20_000);
  expect([refused.status, refused.type, refused.code]).toEqual([
    429,
    "insufficient_quota",
    "budget_exhausted",
  ]);
  expect(refused.headers?.get("x-should-retry")).toBe("false");
  expect(Number(refused.headers?.get("retry-after"))).toBeGreaterThan(0);
  // Another tenant's is whole. What nobody counted costs what was held, so that few fit.
  const other = await askUntilRefused("uncounted", "bob");
  expect(other.answered).toBeGreaterThan(2);
  expect(other.answered).toBeLessThan(8);
  expect(other.refused.code).toBe("budget_exhausted");
  const unknown = await failureOf(ask("?", "ada", "plain"));
  expect([unknown.status, unknown.code]).toEqual([402, "price_unknown"]);
  // Entries are the tenant's own, and stand in its ledger.
  const entries = await completionsOf(scene);
  expect(entries.filter(({ outcome }) => outcome === "answered")).toHaveLength(answered);
  const verified = await scene.home.run("ledger", "verify");
  expect([verified.code, verified.err]).toEqual([0, expect.any(String)]);
});

test("a freeze stops it, also in the middle; a key held to toolsets asks what it was given", async () => {
  const slow = { fault: { kind: "slow_first_token", wait: "3s" } };
  const scene = await startChat([
    { when: { contains: "slow" }, say: "Late.", ...slow },
    { say: "Oslo" },
  ]);
  const ask = (who: "ada" | "bob" | "held" | "named", content = "?", model = "small") =>
    scene.as(who).chat.completions.create({ model, messages: user(content) });
  expect((await failureOf(ask("held"))).status).toBe(404);
  expect((await scene.as("held").models.list()).data).toEqual([]);
  expect((await ask("named")).model).toBe("small");
  expect((await failureOf(ask("named", "?", "plain"))).status).toBe(404);
  expect((await scene.as("named").models.list()).data.map(({ id }) => id)).toEqual(["small"]);

  const underWay = failureOf(ask("ada", "slow"));
  await vi.waitFor(async () => expect(await scene.active()).toBe(1));
  const frozen = { kind: "tenant", name: "", reason: "spends too much" };
  await scene.tell("POST", "/v1/freezes", frozen);
  for (const failure of [await failureOf(ask("ada")), await underWay]) {
    expect([failure.status, failure.code]).toEqual([423, "frozen"]);
    expect(failure.message).toContain("spends too much");
  }
  expect((await ask("bob")).choices[0]?.message.content).toBe("Oslo");
  await scene.tell("POST", "/v1/freezes/lift", { kind: "tenant", name: "" });
  expect((await ask("ada")).choices[0]?.message.content).toBe("Oslo");
  await scene.tell("POST", "/v1/freezes", { ...frozen, kind: "all" });
  expect((await failureOf(ask("bob"))).code).toBe("frozen");
});

test("an answer that is under way when the server is stopped is given whole", async () => {
  const slow = { fault: { kind: "slow_first_token", wait: "2s" } };
  const scene = await startChat([{ say: "Late.", ...slow }]);
  const asked = scene.as("ada").chat.completions.create({ model: "small", messages: user("?") });
  await vi.waitFor(async () => expect(await scene.active()).toBe(1));
  scene.up.kill("SIGTERM");
  expect((await asked).choices[0]?.message.content).toBe("Late.");
  expect(await scene.up.ended).toBe(0);
});
