import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { fromEntryBytes, type Entry } from "../../src/model/entry.ts";
import {
  callerKey,
  startGateUnderTest,
  whenListed,
  type GateUnderTest,
} from "../mcp/gate-under-test.ts";
import { createLegacyClient, createModernClient } from "../mcp/raw-clients.ts";
import { introspect, startCheckedServer, type CheckedServer } from "./checked-server.ts";
import { listen } from "./listen.ts";
import { clientSecret, startProvider, type ProviderUnderTest } from "./start-provider.ts";

type Json = Record<string, unknown>;
const answer = () => ({ action: "accept" });
const echo = { name: "fix__echo", arguments: { text: "hi" } };
const tools = { echo: { effect: "read" } };

interface Scene {
  readonly gate: GateUnderTest;
  readonly server: CheckedServer;
  readonly provider: ProviderUnderTest;
}

interface Wish {
  readonly era?: "modern" | "legacy" | "sse";
  readonly provider?: Readonly<Record<string, unknown>>;
  readonly credential?: Readonly<Record<string, unknown>>;
  readonly accepts?: (authorization: string, calls: number) => boolean;
}

async function open({
  era = "modern",
  provider: given,
  credential,
  accepts,
}: Wish = {}): Promise<Scene> {
  const provider = await startProvider(given);
  let calls = 0;
  const server = await startCheckedServer({
    era,
    async accepts({ authorization, method }) {
      if (method === "tools/call") calls += 1;
      if (accepts?.(authorization, calls) === false) return false;
      return (await introspect(provider.issuer, { secret: clientSecret, authorization })).active;
    },
  });
  const gate = await startGateUnderTest(
    {
      servers: {
        fix: {
          transport: era === "sse" ? "sse" : "http",
          url: server.url,
          private: true,
          tools,
          credential: {
            kind: "client-credentials",
            issuer: provider.issuer,
            private: true,
            clientId: "machine",
            secret: "env://CLIENT_SECRET",
            ...credential,
          },
        },
      },
    },
    undefined,
    { "env://CLIENT_SECRET": clientSecret },
  );
  await whenListed(gate);
  return { gate, server, provider };
}

async function listEntries({ store }: GateUnderTest): Promise<readonly Entry[]> {
  const rows = await store.entries.page("default" as never, { after: 0n, limit: 1_000 });
  return rows.map(({ bytes }) => fromEntryBytes(bytes));
}

const tokensOf = ({ arrived }: CheckedServer) => [
  ...new Set(arrived.map(({ authorization }) => authorization)),
];

function textOf(message: Json): unknown {
  return ((message["result"] as Json)["content"] as Json[])[0]!["text"];
}

describe.each(["modern", "legacy", "sse"] as const)("client credentials to a %s server", (era) => {
  test("one token request serves its hello, its lists and fifty calls at once", async () => {
    const { gate, server, provider } = await open({ era });
    const client = createModernClient({ url: gate.url, answer });
    const calls = Array.from({ length: 50 }, () => client.request("tools/call", echo));
    for (const each of await Promise.all(calls)) expect(textOf(each)).toBe("hi ×1");
    expect(provider.tokenRequests).toHaveLength(1);
    expect(provider.tokenRequests[0]!.form.get("resource")).toBe(server.url);
    const methods = server.arrived.map(({ method }) => method);
    expect(methods).toContain("tools/list");
    expect(methods.filter((method) => method === "tools/call")).toHaveLength(50);
    expect(tokensOf(server)).toEqual([expect.stringMatching(/^Bearer [\w-]{20,}$/)]);
  });

  test("I9: the entry names the credential; its value and the caller's key are nowhere", async () => {
    const { gate, server } = await open({ era });
    const client = await createLegacyClient({ url: gate.url, answer });
    expect(textOf(await client.request("tools/call", echo))).toBe("hi ×1");
    const entries = await listEntries(gate);
    expect(entries).toMatchObject([
      {
        kind: "outcome",
        outcome: "answered",
        credential: expect.stringMatching(/^fix\/client-credentials\/[0-9a-f]{12}@[0-9a-f]{16}$/),
      },
    ]);
    const [bearer] = tokensOf(server);
    const said = `${JSON.stringify(entries)}${inspect(gate.logged, { depth: 9 })}${inspect(gate.base.broker, { depth: 9 })}`;
    expect(said).not.toContain(bearer!.slice("Bearer ".length));
    expect(said).not.toContain(clientSecret);
    const wire = server.arrived.map(({ headers, body }) => `${headers}${body}`).join("\n");
    expect(wire).not.toContain(callerKey);
    expect(wire).not.toContain(clientSecret);
  });
});

test("a token that has run out is got anew, once for all calls", async () => {
  const { gate, server, provider } = await open({
    provider: { ttl: { ClientCredentials: 3 } },
    credential: { resource: "none" },
  });
  const client = createModernClient({ url: gate.url, answer });
  await client.request("tools/call", echo);
  expect(provider.tokenRequests).toHaveLength(1);
  await systemClock.sleep(3_100);
  const calls = Array.from({ length: 20 }, () => client.request("tools/call", echo));
  for (const each of await Promise.all(calls)) expect(textOf(each)).toBe("hi ×1");
  expect(provider.tokenRequests).toHaveLength(2);
  expect(tokensOf(server)).toHaveLength(2);
});

describe("a 401", () => {
  test.each(["modern", "sse"] as const)(
    "renews the credential once, and the call is done: %s",
    async (era) => {
      let refused = "";
      const { gate, server, provider } = await open({
        era,
        accepts: (authorization, calls) => {
          if (calls > 0 && refused === "") refused = authorization;
          return authorization !== refused;
        },
      });
      const client = createModernClient({ url: gate.url, answer });
      const calls = Array.from({ length: 5 }, () => client.request("tools/call", echo));
      for (const each of await Promise.all(calls)) expect(textOf(each)).toBe("hi ×1");
      expect(provider.tokenRequests).toHaveLength(2);
      const entries = await listEntries(gate);
      const second = server.arrived.at(-1)!.authorization;
      expect(second).not.toBe(refused);
      if (era === "modern")
        expect(
          new Set(entries.map((each) => each.kind === "outcome" && each.credential)).size,
        ).toBe(1);
      expect(inspect(entries)).not.toContain(second.slice("Bearer ".length));
    },
  );

  test.each(["modern", "legacy", "sse"] as const)(
    "to what belongs to no call renews it as well: %s",
    async (era) => {
      let refused: string | null = null;
      const { gate, provider } = await open({
        era,
        accepts: (authorization) => authorization !== (refused ??= authorization),
      });
      expect(gate.gate.registry.catalog().servers.get("fix")!.state.kind).toBe("ready");
      expect(provider.tokenRequests).toHaveLength(2);
      const client = createModernClient({ url: gate.url, answer });
      expect(textOf(await client.request("tools/call", echo))).toBe("hi ×1");
    },
  );

  test("to the new one as well is a fault that says so, and no word of the server goes on", async () => {
    const { gate, server, provider } = await open({ accepts: (_, calls) => calls === 0 });
    const client = createModernClient({ url: gate.url, answer });
    const first = await client.request("tools/call", echo);
    expect(first).toMatchObject({ error: { data: { fault: "credential_rejected" } } });
    const sent = () => server.arrived.filter(({ method }) => method === "tools/call");
    expect(sent()).toHaveLength(2);
    expect(provider.tokenRequests).toHaveLength(2);
    // The next ones do not wear the issuer out, and the server is not taken for dead.
    for (let round = 0; round < 8; round += 1) {
      expect(await client.request("tools/call", echo)).toMatchObject({
        error: { data: { fault: "credential_rejected" } },
      });
    }
    expect(provider.tokenRequests).toHaveLength(2);
    expect(sent()).toHaveLength(10);
    const entries = await listEntries(gate);
    expect(entries[0]).toMatchObject({
      outcome: "fault",
      reason: "credential_rejected",
      credential: expect.stringMatching(/^fix\/client-credentials\//),
    });
    const said = inspect([first, entries, gate.logged], { depth: 9 });
    for (const bearer of tokensOf(server)) expect(said).not.toContain(bearer.slice(7));
    expect(said).not.toContain("no good");
  });

  test("I4: to an effect leaves no doubt: it was not done", async () => {
    const { gate } = await open({ accepts: (_, calls) => calls === 0 });
    const client = createModernClient({ url: gate.url, answer });
    await client.request("tools/call", { name: "fix__touch", arguments: {} });
    expect(await listEntries(gate)).toMatchObject([
      { kind: "intent" },
      { kind: "outcome", outcome: "fault", reason: "credential_rejected" },
    ]);
  });
});

test("I4, I13: an issuer that is down is not the server's fault, and nothing was sent", async () => {
  const server = await startCheckedServer({ era: "modern", accepts: () => true });
  let isDown = false;
  let asked = 0;
  const issuer = await listen((_, outgoing) => {
    asked += 1;
    const body = { access_token: `token-${asked}`, token_type: "Bearer", expires_in: 1 };
    outgoing.writeHead(isDown ? 503 : 200, { "content-type": "application/json" });
    outgoing.end(isDown ? "down, and token-1 is the last one" : JSON.stringify(body));
  });
  const gate = await startGateUnderTest(
    {
      servers: {
        fix: {
          transport: "http",
          url: server.url,
          private: true,
          credential: {
            kind: "client-credentials",
            tokenEndpoint: `${issuer}/token`,
            private: true,
            clientId: "machine",
            secret: "env://CLIENT_SECRET",
          },
        },
      },
    },
    undefined,
    { "env://CLIENT_SECRET": clientSecret },
  );
  await whenListed(gate);
  await systemClock.sleep(1_000);
  isDown = true;
  const before = asked;
  const client = createModernClient({ url: gate.url, answer });
  const told = [];
  for (let round = 0; round < 20; round += 1) told.push(await client.request("tools/call", echo));
  for (const each of told)
    expect(each).toMatchObject({ error: { data: { fault: "credential_unavailable" } } });
  expect(asked - before).toBeLessThan(5);
  const entries = await listEntries(gate);
  expect(entries.filter(({ kind }) => kind === "outcome")).toEqual(
    Array.from(
      { length: 20 },
      () => expect.objectContaining({ outcome: "fault", credential: null }) as unknown,
    ),
  );
  expect(inspect([told, entries, gate.logged], { depth: 9 })).not.toContain("token-1");
  isDown = false;
  await systemClock.sleep(1_100);
  expect(textOf(await client.request("tools/call", echo))).toBe("hi ×1");
  expect(server.arrived.filter(({ method }) => method === "tools/call")).toHaveLength(1);
});

test("I9: the credential goes to no other port than the one that it is bound to", async () => {
  const { gate, server, provider } = await open();
  const elsewhere = await startCheckedServer({ era: "modern", accepts: () => true });
  const principal = { tenant: "default", kind: "service", subject: "caller", actor: null } as never;
  const ask = { tenant: "default" as never, principal, server: "fix", method: "m", target: null };
  const bound = await gate.base.broker.headersFor({ ...ask, host: new URL(server.url).host });
  expect(bound.kind).toBe("ready");
  const other = await gate.base.broker.headersFor({ ...ask, host: new URL(elsewhere.url).host });
  expect(other).toMatchObject({ kind: "refused", why: "host_not_bound" });
  // A configuration that lists a copy which the credential cannot go to is refused when it is read.
  const credential = {
    kind: "client-credentials",
    issuer: provider.issuer,
    private: true,
    clientId: "machine",
    secret: "env://CLIENT_SECRET",
    hosts: [new URL(server.url).host],
  };
  const config = { transport: "http", url: server.url, endpoints: [elsewhere.url], credential };
  await expect(startGateUnderTest({ servers: { fix: config } })).rejects.toThrow(
    /leaves out an address/,
  );
  expect(elsewhere.arrived).toEqual([]);
});
