import { expect, test } from "vitest";
import { toDigest, type TenantId } from "../../src/model/index.ts";
import { toDay } from "../../src/ports/cost-rows.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { newRun } from "../conformance/store-values.ts";
import { startHttpFixture } from "../mcp/fixture-http.ts";
import {
  adminKey,
  callerKey,
  foreignApproverKey,
  foreignKey,
  startGateUnderTest,
  whenListed,
} from "../mcp/gate-under-test.ts";
import { createLegacyClient, createModernClient, type RawClient } from "../mcp/raw-clients.ts";
import { openRuns } from "../runs/runs-under-test.ts";
import { noCosts, noRuns, tell } from "../start-api.ts";

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

test("nothing of servers, costs or budgets is told to a caller, of another tenant or of the same", async () => {
  const { gate } = await open();
  const { origin } = new URL(gate.url);
  for (const key of [foreignKey, callerKey, foreignApproverKey])
    for (const path of [
      "/v1/servers",
      "/v1/servers/ours",
      "/v1/servers/not-there",
      "/v1/tools",
      "/v1/tools/ours__echo/definition",
      "/v1/tools/not-there/definition",
      "/v1/costs",
      "/v1/budgets",
    ]) {
      const { status, body } = await tell(origin, path, { key });
      expect([path, status, body.error.code]).toEqual([path, 403, "forbidden"]);
      expect(JSON.stringify(body)).not.toMatch(/ours|there/);
    }
  // Whoever may see them is shown what was refused.
  const own = await tell(origin, "/v1/tools/ours__echo/definition", { key: adminKey });
  expect([own.status, own.body.name]).toEqual([200, "ours__echo"]);
  expect((await tell(origin, "/v1/servers/ours", { key: adminKey })).body.tools[0].name).toContain(
    "ours__",
  );
});

test("a holder is told of itself alone, and nobody without a key of anybody", async () => {
  const { gate } = await open();
  const { origin } = new URL(gate.url);
  const holderOf = async (key: string): Promise<unknown> =>
    (await tell(origin, "/v1/holder", { key })).body;
  expect(await holderOf(foreignKey)).toEqual({
    name: "foreign",
    roles: ["caller"],
    tenant: "foreign",
  });
  expect(await holderOf(foreignApproverKey)).toEqual({
    name: "abroad",
    roles: ["approver"],
    tenant: "foreign",
  });
  expect((await tell(origin, "/v1/holder", { key: "nobody's" })).status).toBe(401);
});

test("runs, counts, costs and shares of a tenant are in no answer to another", async () => {
  const store = createInMemoryStore();
  const nowMs = Date.UTC(2026, 10, 21, 15);
  const periodMs = Date.UTC(2026, 10, 21);
  for (const tenant of ["default", "other"] as TenantId[]) {
    const run = newRun();
    const about = {
      agent: `agent-of-${tenant}`,
      subject: `${tenant}\nuser\nann`,
      parent: null,
      createdAtMs: nowMs,
    };
    await store.runs.create({ run, tenant, events: [], about });
    const spent = { day: toDay(nowMs), name: `model-of-${tenant}`, micros: 1, tokens: 1 };
    const costs = [{ ...spent, kind: "model" as const }];
    const events = [new Uint8Array([1])];
    const ends = { state: "completed", ended: true, endedAtMs: nowMs } as const;
    await store.commit({ append: { run, epoch: 0, head: 0, events, costs, ...ends } });
    const share = toDigest(`principal\n${tenant}\nuser\nann`);
    const place = { tenant, budget: "daily calls", share, periodMs };
    await store.spendings.lease(place, { amount: 1, cap: 20 });
  }
  const { ask } = await openRuns({
    clock: createManualClock(nowMs),
    catalog: () => ({ servers: new Map(), toolsets: new Map() }) as never,
    runs: { ...noRuns, count: (...asked) => store.runs.count(...asked) },
    costs: {
      ...noCosts(),
      rows: store.costs,
      runs: store.runs,
      spendings: store.spendings,
      budgets: () => ({ daily: { each: "principal", per: "day", calls: 20 } }),
    },
  });
  const costs = await ask("/v1/costs");
  expect(costs.body).toMatchObject({ total: { tokens: 1 }, completed: 1 });
  const { body } = await ask("/v1/budgets");
  expect(body.budgets).toMatchObject([{ shares: 1, fullest: [{ name: "user:ann", used: "1" }] }]);
  expect(JSON.stringify([costs.body, body])).not.toContain("other");
  const countOf = async (key?: string): Promise<unknown> =>
    (await ask("/v1/runs/counts?top=true", key)).body.states.completed;
  // The admin's own tenant has one; neither caller has started any, whatever others of its tenant did.
  expect([await countOf(), await countOf("ada"), await countOf("eve")]).toEqual([1, 0, 0]);
  expect((await ask("/v1/costs", "eve")).status).toBe(403);
});
