import { expect, test } from "vitest";
import { startHttpFixture } from "../mcp/fixture-http.ts";
import { foreignKey, startGateUnderTest, whenListed } from "../mcp/gate-under-test.ts";
import { createLegacyClient, createModernClient, type RawClient } from "../mcp/raw-clients.ts";

type Json = Record<string, unknown>;

const marker = "belongs-to-the-default-tenant";

/** `ours` is for the default tenant alone; `common` is for everybody. */
async function open() {
  const [ours, common] = [await startHttpFixture("modern"), await startHttpFixture("modern")];
  const gate = await startGateUnderTest({
    servers: {
      ours: { transport: "http", url: ours.url, private: true, tenants: ["default"] },
      common: { transport: "http", url: common.url, private: true },
    },
    toolsets: {
      ours: { servers: ["ours"], batch: true },
      plain: { servers: ["ours"], names: "plain" },
      both: { servers: ["ours", "common"], search: "always" },
    },
  });
  await whenListed(gate);
  const sent = () =>
    ours.requests.filter(({ method }) => !/discover|list|initialize|ping/.test(String(method)))
      .length;
  return { gate, sent };
}

/** Everything by which a caller could reach for what is not its tenant's, and how it may end. */
const attempts: readonly (readonly [string, Json])[] = [
  ["tools/call", { name: "ours__echo", arguments: { text: marker } }],
  ["tools/call", { name: "echo", arguments: { text: marker } }],
  ["tools/call", { name: "ours__counts", arguments: {} }],
  [
    "tools/call",
    { name: "call_tool", arguments: { name: "ours__echo", arguments: { text: marker } } },
  ],
  ["tools/call", { name: "describe_tool", arguments: { name: "ours__echo" } }],
  ["prompts/get", { name: "ours__greet", arguments: { who: marker } }],
  ["prompts/get", { name: "greet", arguments: { who: marker } }],
  ["resources/read", { uri: "fix://item/7" }],
  [
    "completion/complete",
    {
      ref: { type: "ref/prompt", name: "ours__greet" },
      argument: { name: "who", value: "w" },
    },
  ],
];
const paths = ["", "/ours", "/plain", "/both"];
const places = paths.flatMap((path) =>
  attempts.flatMap(([method, params]) =>
    (["modern", "legacy"] as const).map((era) => ({ path, method, params, era })),
  ),
);

test(`${places.length} attempts of another tenant end like those on what is not there, unsent`, async () => {
  const { gate, sent } = await open();
  expect(places.length).toBeGreaterThanOrEqual(50);
  const clients = new Map<string, RawClient>();
  for (const { path, method, params, era } of places) {
    const key = `${era}${path}`;
    const options = { url: `${gate.url}${path}`, answer: () => ({}), key: foreignKey };
    const client =
      clients.get(key) ??
      (era === "modern" ? createModernClient(options) : await createLegacyClient(options));
    clients.set(key, client);
    const answer = await client.request(method, params);
    // What is common to both may answer for itself; nothing of `ours` may.
    const isCommon = method === "resources/read" && (path === "" || path === "/both");
    const result = answer["result"] as Json | undefined;
    if (!isCommon && result !== undefined)
      expect(result["isError"], JSON.stringify(answer)).toBe(true);
    expect(JSON.stringify(answer)).not.toContain(`×1`);
  }
  expect(sent()).toBe(0);
  // The same from its own tenant is answered: what was refused was there.
  const own = createModernClient({ url: `${gate.url}/ours`, answer: () => ({}) });
  for (const at of [0, 2, 5, 7]) {
    const [method, params] = attempts[at]!;
    expect((await own.request(method, params))["result"]).toBeDefined();
  }
  expect(sent()).toBe(4);
});

test("nothing of another tenant is listed, found or announced", async () => {
  const { gate } = await open();
  for (const path of paths) {
    const options = { url: `${gate.url}${path}`, answer: () => ({}), key: foreignKey };
    for (const client of [createModernClient(options), await createLegacyClient(options)]) {
      for (const method of [
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
      ]) {
        const listed = JSON.stringify(await client.request(method));
        expect(listed).not.toContain("ours");
        if (path === "/ours" || path === "/plain") expect(listed).not.toMatch(/echo|greet|fix:/);
      }
      const found = await client.request("tools/call", {
        name: "find_tools",
        arguments: { query: "echo" },
      });
      expect(JSON.stringify(found)).not.toContain("ours__");
    }
  }
  const own = createModernClient({ url: gate.url, answer: () => ({}) });
  expect(JSON.stringify(await own.request("tools/list"))).toContain("ours__echo");
});

test("what one tenant holds in its hand is nothing in another's: sessions, states, cursors", async () => {
  const { gate, sent } = await open();
  const headers = (key: string, more: Record<string, string> = {}) => ({
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    ...more,
  });
  const own = { method: "POST", headers: headers("the-key-of-the-caller") };
  const params = {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "a", version: "1" },
  };
  const opened = await fetch(gate.url, {
    ...own,
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }),
  });
  const session = opened.headers.get("mcp-session-id")!;
  await opened.text();
  for (const method of ["tools/list", "tools/call", "ping"]) {
    const stolen = await fetch(gate.url, {
      method: "POST",
      headers: headers(foreignKey, { "mcp-session-id": session }),
      body: JSON.stringify({ jsonrpc: "2.0", id: 2, method, params: { name: "ours__echo" } }),
    });
    expect(stolen.status).toBe(404);
    await stolen.text();
  }
  for (const method of ["GET", "DELETE"]) {
    const stolen = await fetch(gate.url, {
      method,
      headers: {
        ...headers(foreignKey, { "mcp-session-id": session }),
        accept: "text/event-stream",
      },
    });
    expect(stolen.status).toBe(404);
    await stolen.text();
  }
  expect(sent()).toBe(0);
});
