import { expect, test, vi } from "vitest";
import { startHttpFixture } from "./fixture-http.ts";
import { ada, makeRequest } from "../made-up-call.ts";
import { otherKey, startGateUnderTest, whenListed } from "./gate-under-test.ts";
import { createModernClient, type RawClient } from "./raw-clients.ts";

type Json = Record<string, unknown>;

const tools = {
  counts: { effect: "read", cache: "1h" },
  fail: { effect: "read", cache: "1h" },
  slow: { effect: "read", cache: "1h" },
  grow: { effect: "read" },
};

async function open() {
  const { url, requests } = await startHttpFixture("modern");
  const gate = await startGateUnderTest({
    servers: { fix: { transport: "http", url, private: true, tools } },
  });
  await whenListed(gate);
  const client = (key?: string) =>
    createModernClient({
      url: gate.url,
      answer: () => ({}),
      ...(key === undefined ? {} : { key }),
    });
  const sent = () => requests.filter(({ method }) => method === "tools/call").length;
  return { client, sent, gate };
}

const call = (client: RawClient, name: string, args: Json = {}, options = {}) =>
  client.request("tools/call", { name: `fix__${name}`, arguments: args }, options);

test("a read that says how long it keeps is sent once for one caller and the same arguments", async () => {
  const { client, sent, gate } = await open();
  const first = await call(client(), "counts");
  expect(await call(client(), "counts")).toMatchObject({ result: first["result"] });
  expect(sent()).toBe(1);
  await call(client(), "counts", { other: true });
  expect(sent()).toBe(2);
  await call(client(otherKey), "counts");
  expect(sent()).toBe(3);
  // Each of the four is in the record; the second says that nothing was sent for it.
  const entries = (await readAll(gate)).map(({ endpoint }) => endpoint);
  expect(entries.filter((endpoint) => endpoint === "cache")).toHaveLength(1);
  expect(entries).toHaveLength(4);
});

test("an effect at the same server makes what was kept old", async () => {
  const { client, sent } = await open();
  await call(client(), "counts");
  await call(client(), "echo", { text: "hi" });
  const again = await call(client(), "counts");
  expect(JSON.stringify(again)).toContain('\\"calls\\":3');
  expect(sent()).toBe(3);
});

test("a changed list makes what was kept old", async () => {
  const { client, sent } = await open();
  await call(client(), "counts");
  // For the gate this one has no effect: what tells is the announcement.
  await call(client(), "grow");
  await vi.waitFor(async () => {
    const before = sent();
    await call(client(), "counts");
    expect(sent()).toBe(before + 1);
  });
});

test("a tool's own error is not kept", async () => {
  const { client, sent } = await open();
  await call(client(), "fail");
  await call(client(), "fail");
  expect(sent()).toBe(2);
});

test("identical reads under way share one sending; one that is cancelled takes no other with it", async () => {
  const { client, sent } = await open();
  const all = await Promise.all(Array.from({ length: 8 }, () => call(client(), "counts")));
  expect(sent()).toBe(1);
  expect(new Set(all.map(({ result }) => JSON.stringify(result))).size).toBe(1);

  const leaving = [new AbortController(), new AbortController()] as const;
  const ends = leaving.map(({ signal }) =>
    call(client(), "slow", {}, { signal }).catch(() => "left"),
  );
  await vi.waitFor(() => expect(sent()).toBe(2));
  leaving[0].abort();
  // The one that waited for the first sends for itself once that is gone.
  await vi.waitFor(() => expect(sent()).toBe(3));
  leaving[1].abort();
  expect(await Promise.all(ends)).toEqual(["left", "left"]);
});

test("an effect that had waited for its client makes what was kept old when it is done", async () => {
  const { url, requests } = await startHttpFixture("legacy");
  const started = await startGateUnderTest({
    servers: { fix: { transport: "http", url, private: true, tools } },
  });
  await whenListed(started);
  const { gate } = started.gate;
  const told: (string | null)[] = [];
  await started.base.bus.subscribe("effects", (server) => void told.push(server));
  const capabilities = { elicitation: { form: {} } };
  const client = { era: "modern", version: "2026-07-28", capabilities, ask: null } as const;
  const principal = { ...ada, tenant: "default" as never };
  const exchange = (name: string, more: object = {}) =>
    gate.exchange(
      makeRequest({
        principal,
        client,
        params: { name: `fix__${name}`, arguments: {}, ...more },
        argumentsText: "{}",
      }),
    );
  const sent = () => requests.filter(({ params }) => nameOf(params) === "counts").length;
  const asked = await exchange("elicit");
  const { inputRequests, requestState } = JSON.parse(
    asked.kind === "result" ? asked.text : "",
  ) as Record<string, never>;
  // What the first half of it touched is heard of here as well.
  await vi.waitFor(() => expect(told).toEqual(["fix"]));
  await exchange("counts");
  await exchange("counts");
  expect(sent()).toBe(1);
  const given = { action: "accept", content: { name: "Ada" } };
  const inputResponses = Object.fromEntries(Object.keys(inputRequests!).map((key) => [key, given]));
  const done = await exchange("elicit", { inputResponses, requestState });
  expect(JSON.stringify(done)).toContain("hello Ada");
  await exchange("counts");
  expect(sent()).toBe(2);
  await vi.waitFor(() => expect(told).toEqual(["fix", "fix"]));
});

const nameOf = (params: unknown) => (params as Json | undefined)?.["name"];

async function readAll({ store }: Awaited<ReturnType<typeof open>>["gate"]): Promise<Json[]> {
  const entries = await store.entries.page("default" as never, { after: 0n, limit: 100 });
  return entries.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Json);
}
