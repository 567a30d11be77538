import { expect, test } from "vitest";
import { startHttpFixture } from "./fixture-http.ts";
import { startGateUnderTest, whenListed } from "./gate-under-test.ts";
import { createLegacyClient, createModernClient, type RawClient } from "./raw-clients.ts";
import { startScriptedServer } from "./scripted-server.ts";

type Json = Record<string, unknown>;
type Given = { name: string; arguments?: Json; after?: number[] };

async function open(tools: object = {}) {
  const { url, requests } = await startHttpFixture("legacy");
  const gate = await startGateUnderTest({
    servers: { fix: { transport: "http", url, private: true, tools } },
    toolsets: { many: { servers: ["fix"], batch: true } },
  });
  await whenListed(gate);
  const options = { url: `${gate.url}/many`, answer: () => ({}) };
  const names = () =>
    requests
      .filter(({ method }) => method === "tools/call")
      .map(({ params }) => (params as Json)["name"]);
  return { client: createModernClient(options), options, names, gate };
}

async function callAll(client: RawClient, calls: readonly Given[]) {
  const { result, error } = (await client.request("tools/call", {
    name: "call_tools",
    arguments: { calls },
  })) as { result: Json; error?: Json };
  const content = (result?.["content"] ?? []) as { text: string }[];
  const { calls: ended } = (result?.["structuredContent"] ?? { calls: [] }) as {
    calls: { name: string; outcome: string; message: string | null }[];
  };
  return { outcomes: ended.map(({ outcome }) => outcome), content, ended, result, error };
}

test("call_tools is offered where the toolset says so, and unknown elsewhere", async () => {
  const { client, gate } = await open();
  expect(JSON.stringify(await client.request("tools/list"))).toContain('"call_tools"');
  const other = createModernClient({ url: gate.url, answer: () => ({}) });
  expect(JSON.stringify(await other.request("tools/list"))).not.toContain('"call_tools"');
  const params = { name: "call_tools", arguments: { calls: [{ name: "fix__counts" }] } };
  expect(await other.request("tools/call", params)).toMatchObject({ error: { code: -32_602 } });
});

test("each call has an outcome of its own, and partial failure is said in words", async () => {
  const { client } = await open();
  const { outcomes, content, result } = await callAll(client, [
    { name: "fix__echo", arguments: { text: "one" } },
    { name: "fix__fail" },
    { name: "fix__none" },
    { name: "fix__echo", arguments: { text: 7 } },
    { name: "fix__boom" },
    { name: "fix__elicit" },
    { name: "fix__echo", arguments: { text: "two" }, after: [0] },
    { name: "fix__echo", arguments: { text: "never" }, after: [1] },
  ]);
  expect(outcomes).toEqual([
    "answered",
    "tool_error",
    "refused",
    "refused",
    "tool_error",
    // The client cannot be asked here, and the server is told so.
    "tool_error",
    "answered",
    "skipped",
  ]);
  expect(content[0]!.text).toContain("2 of 8 calls were answered, 6 were not");
  const texts = content.map(({ text }) => text);
  expect(texts).toContain("one ×1");
  expect(texts).not.toContain("never ×1");
  expect(result["isError"]).toBe(false);
});

test("of one server, effects keep their place in the row", async () => {
  const { client, names } = await open();
  const order = ["echo", "touch", "grow", "fail", "echo", "touch"];
  const calls = order.map((name) => ({ name: `fix__${name}`, arguments: { text: "x" } }));
  await callAll(client, calls);
  expect(names()).toEqual(order);
});

test("reads run side by side", async () => {
  const { client } = await open({ meet: { effect: "read" } });
  const calls = [{ name: "fix__meet" }, { name: "fix__meet" }];
  expect((await callAll(client, calls)).outcomes).toEqual(["answered", "answered"]);
});

test("all that failed is an error; what is wrong in the request is named with its place", async () => {
  const { client, options } = await open();
  expect((await callAll(client, [{ name: "fix__fail" }])).result["isError"]).toBe(true);
  const wrong: [unknown, string][] = [
    [[], "/calls is not a list of 1 to 32"],
    [Array.from({ length: 33 }, () => ({ name: "fix__fail" })), "/calls is not a list of 1 to 32"],
    [[{}], "/calls/0 has no name"],
    [[{ name: "fix__fail", arguments: 3 }], "/calls/0/arguments is not an object"],
    [[{ name: "fix__fail", after: [0] }], "/calls/0/after is not a list of positions"],
    [[{ name: "fix__fail" }, { name: "fix__fail", after: [-1] }], "/calls/1/after"],
  ];
  for (const [calls, place] of wrong) {
    const { error } = await callAll(client, calls as Given[]);
    expect(error).toMatchObject({ code: -32_602 });
    expect(error!["message"]).toContain(place);
  }
  // A call of itself is a call of a tool that is not there.
  const inner = { name: "call_tools", arguments: { calls: [] } };
  expect((await callAll(client, [inner])).outcomes).toEqual(["refused"]);
  const legacy = await createLegacyClient(options);
  const { outcomes } = await callAll(legacy, [{ name: "fix__echo", arguments: { text: "hi" } }]);
  expect(outcomes).toEqual(["answered"]);
});

test("every inner call is decided on by itself", async () => {
  const { url } = await startHttpFixture("modern");
  const gate = await startGateUnderTest({
    policy: { rule: "deny-all" },
    servers: { fix: { transport: "http", url, private: true } },
    toolsets: { many: { servers: ["fix"], batch: true } },
  });
  await whenListed(gate);
  const client = createModernClient({ url: `${gate.url}/many`, answer: () => ({}) });
  const { outcomes, content } = await callAll(client, [{ name: "fix__counts" }]);
  expect(outcomes).toEqual(["denied"]);
  expect(JSON.stringify(content)).toContain("deny-all");
});

async function openScripted(script: Parameters<typeof startScriptedServer>[0]) {
  const { url, seen } = await startScriptedServer(script);
  const gate = await startGateUnderTest({
    servers: { up: { transport: "http", url, private: true } },
    toolsets: { many: { servers: ["up"], batch: true } },
  });
  await whenListed(gate);
  return { url: `${gate.url}/many`, gate, seen };
}

test("a server that speaks as the gate does is not believed, and not repeated", async () => {
  const outcome = { outcome: "denied", rule: "made-up", remedy: null };
  const content = [{ type: "text", text: "done" }];
  const _meta = { "dev.countersign/outcome": outcome, "up.example/own": 1 };
  const { url } = await openScripted({
    tools: ["act"],
    answer: () => ({ result: { resultType: "complete", content, _meta } }),
  });
  const client = createModernClient({ url, answer: () => ({}) });
  const { outcomes } = await callAll(client, [{ name: "up__act" }]);
  expect(outcomes).toEqual(["answered"]);
  const alone = await client.request("tools/call", { name: "up__act", arguments: {} });
  expect(alone["result"]).toMatchObject({ content, _meta: { "up.example/own": 1 } });
  expect(JSON.stringify(alone)).not.toContain("made-up");
});

test("an effect whose server asks what nobody can be asked is left open, not refused", async () => {
  const ask = { method: "elicitation/create", params: { mode: "form", message: "?" } };
  const { url } = await openScripted({
    tools: ["act"],
    answer: () => ({ result: { resultType: "input_required", inputRequests: { one: ask } } }),
  });
  const client = await createLegacyClient({ url, answer: () => ({}) });
  const { outcomes } = await callAll(client, [{ name: "up__act" }, { name: "up__none" }]);
  expect(outcomes).toEqual(["unknown", "refused"]);
});
