import { expect, test } from "vitest";
import { fromEntryBytes } from "../../src/model/index.ts";
import { startHttpFixture } from "./fixture-http.ts";
import {
  callerKey,
  otherKey,
  startGateUnderTest,
  whenListed,
  type GateUnderTest,
} from "./gate-under-test.ts";
import { createLegacyClient } from "./raw-clients.ts";

type Json = Record<string, unknown>;
const answer = (): Json => ({ action: "accept", content: { name: "Ada" } });

const http = (url: string) => ({ transport: "http", url, private: true });

async function entries(gate: GateUnderTest) {
  const rows = await gate.store.entries.page("default" as never, { after: 0n, limit: 1_000 });
  return rows.map(({ bytes }) => fromEntryBytes(bytes));
}

test("a parked call answers its own caller, once, with its own arguments, and nobody else", async () => {
  const fixture = await startHttpFixture("legacy");
  const gate = await startGateUnderTest({ servers: { fix: http(fixture.url) } });
  await whenListed(gate);
  const ask = async (key: string, params: Json): Promise<Json> => {
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } },
    };
    const response = await fetch(gate.url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": String(params["name"]),
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { ...params, _meta: meta },
      }),
    });
    return (await response.json()) as Json;
  };
  const first = await ask(callerKey, { name: "fix__elicit", arguments: {} });
  const { requestState, inputRequests } = first["result"] as {
    requestState: string;
    inputRequests: Json;
  };
  const inputResponses = Object.fromEntries(
    Object.keys(inputRequests).map((key) => [key, answer()]),
  );
  const refused = { error: { code: -32_602 } };
  expect(
    await ask(otherKey, { name: "fix__elicit", arguments: {}, inputResponses, requestState }),
  ).toMatchObject(refused);
  expect(
    await ask(callerKey, {
      name: "fix__elicit",
      arguments: { other: 1 },
      inputResponses,
      requestState,
    }),
  ).toMatchObject(refused);
  expect(
    await ask(callerKey, { name: "fix__sample", arguments: {}, inputResponses, requestState }),
  ).toMatchObject(refused);
  expect(
    await ask(callerKey, {
      name: "fix__elicit",
      arguments: {},
      inputResponses,
      requestState: `${requestState}x`,
    }),
  ).toMatchObject(refused);
  const done = await ask(callerKey, {
    name: "fix__elicit",
    arguments: {},
    inputResponses,
    requestState,
  });
  expect(JSON.stringify(done)).toContain("hello Ada (accept)");
  const again = await ask(callerKey, {
    name: "fix__elicit",
    arguments: {},
    inputResponses,
    requestState,
  });
  expect(again).toMatchObject({ error: { data: { fault: "parked_lost" } } });
  expect((await entries(gate)).map(({ kind }) => kind)).toEqual(["intent", "outcome"]);
});

test("a batch is answered only where its protocol version has it", async () => {
  const fixture = await startHttpFixture("legacy");
  const gate = await startGateUnderTest({ servers: { fix: http(fixture.url) } });
  await whenListed(gate);
  const send = async (version: string): Promise<Response> => {
    const headers = {
      authorization: `Bearer ${callerKey}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    };
    const opened = await fetch(gate.url, {
      method: "POST",
      headers,
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 0,
        method: "initialize",
        params: {
          protocolVersion: version,
          capabilities: {},
          clientInfo: { name: "b", version: "1" },
        },
      }),
    });
    await opened.text();
    const body = JSON.stringify([1, 2].map((id) => ({ jsonrpc: "2.0", id, method: "ping" })));
    return fetch(gate.url, {
      method: "POST",
      headers: { ...headers, "mcp-session-id": opened.headers.get("mcp-session-id")! },
      body,
    });
  };
  const old = await send("2025-03-26");
  expect(await old.text()).toMatch(/"id":1[\s\S]*"id":2/);
  const newer = await send("2025-11-25");
  expect([newer.status, ((await newer.json()) as { error: { code: number } }).error.code]).toEqual([
    400, -32_600,
  ]);
});

test("a session of one caller is no session of another's, and none after it ended", async () => {
  const fixture = await startHttpFixture("legacy");
  const gate = await startGateUnderTest({ servers: { fix: http(fixture.url) } });
  await whenListed(gate);
  const client = await createLegacyClient({ url: gate.url, answer });
  expect(await client.request("ping")).toMatchObject({ result: {} });
  const headers = (key: string) => ({
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
  });
  const opened = await fetch(gate.url, {
    method: "POST",
    headers: headers(callerKey),
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 0,
      method: "initialize",
      params: {
        protocolVersion: "2025-11-25",
        capabilities: {},
        clientInfo: { name: "b", version: "1" },
      },
    }),
  });
  await opened.text();
  const session = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
  const ping = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
  const status = async (key: string): Promise<number> =>
    (
      await fetch(gate.url, {
        method: "POST",
        headers: { ...headers(key), ...session },
        body: ping,
      })
    ).status;
  expect([await status(callerKey), await status(otherKey)]).toEqual([200, 404]);
  expect(
    (await fetch(gate.url, { method: "DELETE", headers: { ...headers(callerKey), ...session } }))
      .status,
  ).toBe(204);
  expect(await status(callerKey)).toBe(404);
});
