import { expect, test, vi } from "vitest";
import { startSseFixture, type SseScript } from "./fixture-sse.ts";
import { startGateUnderTest, whenListed } from "./gate-under-test.ts";
import { createLegacyClient, createModernClient, type RawClient } from "./raw-clients.ts";

type Json = Record<string, unknown>;

async function open(script: SseScript = {}) {
  const server = await startSseFixture(script);
  const gate = await startGateUnderTest({
    servers: { old: { transport: "sse", url: server.url, private: true } },
  });
  await whenListed(gate);
  const answer = () => ({ action: "accept", content: { name: "Ada" } });
  const client = createModernClient({ url: gate.url, answer });
  const legacy = () => createLegacyClient({ url: gate.url, answer });
  const state = () => gate.gate.registry.catalog().servers.get("old")!.state;
  return { server, gate, client, legacy, state };
}

const call = (client: RawClient, name: string, args: Json = {}, options = {}) =>
  client.request("tools/call", { name: `old__${name}`, arguments: args }, options);

test("a server over HTTP+SSE lists, answers, asks, tells and is cancelled", async () => {
  const { client, legacy } = await open();
  expect(JSON.stringify(await call(client, "echo", { text: "hi" }))).toContain("hi ×1");
  expect(JSON.stringify(await call(client, "elicit"))).toContain("hello Ada");
  expect(JSON.stringify(await call(await legacy(), "elicit"))).toContain("hello Ada");
  await call(client, "progress", {}, { progressToken: "mine" });
  expect(client.notifications.map(({ params }) => params["progress"])).toEqual([1, 2, 3]);
  const read = await client.request("resources/read", { uri: "fix://item/7" });
  expect(JSON.stringify(read)).toContain("content of fix://item/7");
  const leaving = new AbortController();
  const slow = call(client, "slow", {}, { signal: leaving.signal }).catch(() => "left");
  await vi.waitFor(async () =>
    expect(JSON.stringify(await call(client, "counts"))).toContain('slow\\":1'),
  );
  leaving.abort();
  expect(await slow).toBe("left");
  await vi.waitFor(async () =>
    expect(JSON.stringify(await call(client, "counts"))).toContain('cancelled\\":1'),
  );
});

test("a stream that ends in the middle of a call loses the call, once, and the next call opens another", async () => {
  let cuts = 0;
  const { client, server } = await open({
    onCall: (name, stream) => {
      if (name !== "touch" || cuts > 0) return false;
      cuts += 1;
      stream.destroy();
      return true;
    },
  });
  expect(await call(client, "touch")).toMatchObject({
    error: { data: { fault: "upstream_lost" } },
  });
  expect(JSON.stringify(await call(client, "touch"))).toContain("touched");
  expect(cuts).toBe(1);
  expect(server.streams.length).toBeGreaterThan(1);
});

test("what is no message, or an answer to nobody, harms no call", async () => {
  const { client } = await open({
    onCall: (name, stream) => {
      if (name === "echo")
        stream.write('event: message\ndata: {"jsonrpc":"2.0","id":99999,"result":{}}\n\n');
      return false;
    },
  });
  expect(JSON.stringify(await call(client, "echo", { text: "hi" }))).toContain("hi ×1");
});

test("a place for messages at another origin is refused: nothing is ever sent there", async () => {
  const elsewhere = await startSseFixture();
  const { state } = await open({ endpoint: () => elsewhere.url });
  expect(state()).toMatchObject({ kind: "down" });
  expect(elsewhere.streams).toEqual([]);
});

test("an event without an end is cut at the bound", async () => {
  const endless = await startSseFixture({
    endpoint: () => null,
  });
  const gate = await startGateUnderTest({
    gate: { resultSize: "64KiB" },
    servers: { old: { transport: "sse", url: endless.url, private: true } },
  });
  const listed = gate.gate.registry.refresh("old");
  await vi.waitFor(() => expect(endless.streams.length).toBeGreaterThan(0));
  for (const stream of endless.streams) stream.write(`data: ${"x".repeat(200_000)}`);
  expect(await listed).toMatchObject({ kind: "down" });
});
