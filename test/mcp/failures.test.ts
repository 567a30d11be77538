import path from "node:path";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, onTestFinished, test, vi } from "vitest";
import { fromEntryBytes } from "../../src/model/index.ts";
import {
  callerKey,
  startGateUnderTest,
  whenListed,
  type GateUnderTest,
} from "./gate-under-test.ts";
import { startHttpFixture } from "./fixture-http.ts";
import { answerCall, startHostile } from "./hostile-http.ts";
import { createModernClient } from "./raw-clients.ts";

type Json = Record<string, unknown>;
const answer = (): Json => ({ action: "accept", content: { name: "Ada" } });

const http = (url: string, more: object = {}) => ({
  transport: "http",
  url,
  private: true,
  ...more,
});
const call = (gate: GateUnderTest, name: string, args: Json = {}) =>
  createModernClient({ url: gate.url, answer }).request("tools/call", { name, arguments: args });

async function entries(gate: GateUnderTest) {
  const rows = await gate.store.entries.page("default" as never, { after: 0n, limit: 1_000 });
  return rows.map(({ bytes }) => fromEntryBytes(bytes));
}

test("I1: calls leave through dispatch alone; besides it only listings and watches hold a connection", () => {
  const root = path.join(import.meta.dirname, "../../src");
  const holders = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .filter((file) => readFileSync(path.join(root, file), "utf8").includes("connections.get("));
  expect(holders.toSorted()).toEqual(["gate/dispatch.ts", "gate/watch.ts", "registry/registry.ts"]);
});

test("I4: an upstream that drops the connection after it began the work sees the call exactly once", async () => {
  const hostile = await startHostile((_call, outgoing) => outgoing.destroy());
  const gate = await startGateUnderTest({ servers: { bad: http(hostile.url) } });
  await whenListed(gate);
  const told = await call(gate, "bad__act");
  expect(told).toMatchObject({
    error: { code: -32_603, data: { fault: "upstream_lost", retryable: false } },
  });
  expect(hostile.calls).toHaveLength(1);
  const recorded = await entries(gate);
  expect(recorded.map(({ kind }) => kind)).toEqual(["intent", "outcome"]);
  expect(recorded[1]).toMatchObject({
    outcome: "unknown",
    reason: "upstream_lost",
    of: recorded[0]!.id,
  });
});

test("a call that is sent again carries the same key, and another call another", async () => {
  const name = "com.example/key";
  const keys: unknown[] = [];
  const hostile = await startHostile((each, outgoing) => {
    keys.push(((each["params"] as Json)["_meta"] as Json)[name]);
    if (keys.length === 1) outgoing.destroy();
    else answerCall(each, outgoing, "done");
  });
  const tools = { act: { idempotent: true, idempotencyKey: name } };
  const gate = await startGateUnderTest({ servers: { bad: http(hostile.url, { tools }) } });
  await whenListed(gate);
  expect(await call(gate, "bad__act")).toHaveProperty("result");
  await call(gate, "bad__act");
  expect(keys).toHaveLength(3);
  expect(keys[0]).toEqual(expect.any(String));
  expect(keys[1]).toBe(keys[0]);
  expect(keys[2]).not.toBe(keys[0]);
  const intents = (await entries(gate)).filter(({ kind }) => kind === "intent");
  expect(intents.map(({ id }) => id)).toEqual([keys[0], keys[2]]);
});

test("a read that was lost is sent again, within the budget of retries", async () => {
  let times = 0;
  const hostile = await startHostile((message, outgoing) => {
    times += 1;
    if (times === 1) outgoing.destroy();
    else answerCall(message, outgoing, "at last");
  });
  const gate = await startGateUnderTest({
    servers: { bad: http(hostile.url, { effect: "read" }) },
  });
  await whenListed(gate);
  expect(JSON.stringify(await call(gate, "bad__act"))).toContain("at last");
  expect(hostile.calls).toHaveLength(2);
});

test("three faults in a row open the breaker, and the next call is refused unsent", async () => {
  const hostile = await startHostile((_message, outgoing) => outgoing.destroy());
  const gate = await startGateUnderTest({ servers: { bad: http(hostile.url) } });
  await whenListed(gate);
  for (let count = 0; count < 3; count += 1) await call(gate, "bad__act");
  expect(await call(gate, "bad__act")).toMatchObject({
    status: 503,
    error: { data: { fault: "upstream_open" } },
  });
  expect(hostile.calls).toHaveLength(3);
});

test("a dead program is replaced and the next call succeeds; what it was doing is lost, once", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-die-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const program = path.join(directory, "dies.mjs");
  writeFileSync(
    program,
    `import { createInterface } from "node:readline";
    const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\\n");
    createInterface({ input: process.stdin }).on("line", (line) => {
      const { id, method, params } = JSON.parse(line);
      if (method === "initialize") say({ id, result: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "d", version: "1" } } });
      else if (method === "tools/list") say({ id, result: { tools: [{ name: "act", description: "Acts or dies.", inputSchema: { type: "object" } }] } });
      else if (method === "tools/call") { if (params.arguments.die) process.exit(1); say({ id, result: { content: [{ type: "text", text: "alive" }] } }); }
      else if (id !== undefined) say({ id, error: { code: -32601, message: "no" } });
    });`,
  );
  const gate = await startGateUnderTest({
    servers: {
      prog: { transport: "stdio", command: [process.execPath, program], sandbox: "none" },
    },
  });
  await whenListed(gate);
  expect(await call(gate, "prog__act", { die: true })).toMatchObject({
    error: { data: { fault: "upstream_lost" } },
  });
  expect(JSON.stringify(await call(gate, "prog__act"))).toContain("alive");
});

test("of fifty servers, one dead, slow, crashing, garbled and flooding, the others list and answer as if alone", async () => {
  const good = await startHttpFixture("modern");
  const directory = mkdtempSync(path.join(tmpdir(), "cs-bad-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const program = (name: string, text: string) => {
    const file = path.join(directory, `${name}.mjs`);
    writeFileSync(file, text);
    return { transport: "stdio", command: [process.execPath, file], sandbox: "none" };
  };
  const bad = {
    "bad-dead": http("http://127.0.0.1:9/mcp"),
    "bad-slow": program("slow", "setInterval(() => undefined, 1_000);"),
    "bad-crash": program("crash", "process.exit(3);"),
    "bad-garbage": program(
      "garbage",
      'setInterval(() => process.stdout.write("not json at all\\n"), 1);',
    ),
    "bad-flood": program(
      "flood",
      'const more = () => process.stdout.write("x".repeat(65536), more); more();',
    ),
  };
  const names = Array.from({ length: 45 }, (_, index) => `good-${index}`);
  const servers = { ...bad, ...Object.fromEntries(names.map((name) => [name, http(good.url)])) };
  const gate = await startGateUnderTest({
    servers,
    toolsets: { all: { servers: Object.keys(servers), search: "never" } },
  });
  const client = createModernClient({ url: `${gate.url}/all`, answer });
  await vi.waitFor(async () => {
    const listed = (await client.request("tools/list")) as {
      result: { tools: { name: string }[]; _meta: Json };
    };
    const listing = new Set(listed.result.tools.map(({ name }) => name.split("__")[0]));
    expect(names.every((name) => listing.has(name))).toBe(true);
    expect(listed.result._meta["dev.countersign/gaps"]).toEqual(
      expect.arrayContaining(Object.keys(bad)),
    );
  }, 15_000);
  const told = await Promise.all(
    names.map((name) =>
      client.request("tools/call", { name: `${name}__echo`, arguments: { text: name } }),
    ),
  );
  expect(told.every((each, index) => JSON.stringify(each).includes(names[index]!))).toBe(true);
}, 60_000);

test("arguments up to the limit pass whole, and larger ones get a 413 in JSON", async () => {
  const fixture = await startHttpFixture("modern");
  const gate = await startGateUnderTest({
    servers: { fix: http(fixture.url) },
    limits: { bodySize: "12MiB" },
  });
  await whenListed(gate);
  const text = "x".repeat(10 * 1024 * 1024);
  const told = await call(gate, "fix__echo", { text });
  expect(JSON.stringify(told)).toContain("×1");
  const refused = await call(gate, "fix__echo", { text: text + text });
  expect(refused).toMatchObject({ status: 413, error: { data: { fault: "payload_too_large" } } });
}, 30_000);

test("I2: what two readers could read differently is refused with its place, and nothing is sent", async () => {
  const fixture = await startHttpFixture("modern");
  const gate = await startGateUnderTest({ servers: { fix: http(fixture.url) } });
  await whenListed(gate);
  const before = fixture.requests.length;
  const meta =
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}';
  for (const args of [
    '{"text":"a","text":"b"}',
    '{"text":"a","times":12345678901234567890}',
    String.raw`{"text":"\ud800"}`,
  ]) {
    const response = await fetch(gate.url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${callerKey}`,
        "content-type": "application/json",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "fix__echo",
      },
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fix__echo","arguments":${args},${meta}}}`,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: -32_700, data: { pointer: expect.stringContaining("/params/arguments/") } },
    });
  }
  expect(fixture.requests).toHaveLength(before);
});

test("I2: the arguments go upstream in the very bytes that came", async () => {
  const hostile = await startHostile((message, outgoing) =>
    answerCall(message, outgoing, JSON.stringify(message)),
  );
  const gate = await startGateUnderTest({ servers: { raw: http(hostile.url) } });
  await whenListed(gate);
  const meta =
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}';
  const response = await fetch(gate.url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${callerKey}`,
      "content-type": "application/json",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "raw__act",
    },
    body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"raw__act","arguments":{ "z" : 1.50, "a":"\\u0041" },${meta}}}`,
  });
  expect(response.status).toBe(200);
  expect(hostile.calls[0]).toMatchObject({
    params: { name: "act", arguments: { z: 1.5, a: "A" } },
  });
});

test("I10: the caller's key goes nowhere", async () => {
  const seen: string[] = [];
  const hostile = await startHostile((message, outgoing, incoming) => {
    seen.push(JSON.stringify(incoming.rawHeaders));
    answerCall(message, outgoing, "ok");
  });
  const gate = await startGateUnderTest({ servers: { spy: http(hostile.url) } });
  await whenListed(gate);
  await call(gate, "spy__act");
  expect(seen).toHaveLength(1);
  expect(seen[0]).not.toContain(callerKey);
  expect(seen[0]!.toLowerCase()).not.toContain("authorization");
});

test("without an allowing rule every call is denied, told as an outcome, and recorded", async () => {
  const fixture = await startHttpFixture("modern");
  const gate = await startGateUnderTest({
    policy: { rule: "deny-all" },
    servers: { fix: http(fixture.url) },
  });
  await whenListed(gate);
  const told = await call(gate, "fix__echo", { text: "hi" });
  expect(told).toMatchObject({
    result: {
      isError: true,
      _meta: { "dev.countersign/outcome": { outcome: "denied", rule: "deny-all" } },
    },
  });
  expect(fixture.requests.some(({ method }) => method === "tools/call")).toBe(false);
  expect(await entries(gate)).toMatchObject([
    { kind: "outcome", outcome: "denied", reason: "deny-all" },
  ]);
});
