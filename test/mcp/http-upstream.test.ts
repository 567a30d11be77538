import type { ServerResponse } from "node:http";
import { expect, onTestFinished, test, vi } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createHttpConnector } from "../../src/adapters/mcp-http/connector.ts";
import { fromEntryBytes } from "../../src/model/index.ts";
import { startGateUnderTest, whenListed } from "./gate-under-test.ts";
import { startHostile } from "./hostile-http.ts";
import { createModernClient } from "./raw-clients.ts";
import { callTool, connecting, hello, startPosts, toTarget } from "./upstream-parts.ts";

async function callRefused(status: number, more: Record<string, string> = {}, tool: object = {}) {
  const hostile = await startHostile((_call, outgoing) => {
    outgoing.writeHead(status, { "content-type": "text/plain", ...more }).end("no");
  });
  const gate = await startGateUnderTest({
    servers: { bad: { transport: "http", url: hostile.url, private: true, ...tool } },
  });
  await whenListed(gate);
  const client = createModernClient({ url: gate.url, answer: () => ({}) });
  const told = await client.request("tools/call", { name: "bad__act", arguments: {} });
  const page = { after: 0n, limit: 1_000 };
  const rows = await gate.store.entries.page("default" as never, page);
  const outcome = rows.map(({ bytes }) => fromEntryBytes(bytes)).at(-1);
  return { told, outcome, times: hostile.calls.length };
}

test.each([302, 303, 307, 408, 409, 422, 425, 499, 500, 502, 503, 504])(
  "I4: a bare %i says nothing of what was done: the call is posted once, and unknown",
  async (status) => {
    const { told, outcome, times } = await callRefused(status);
    expect(told).toMatchObject({ error: { data: { fault: "upstream_lost", retryable: false } } });
    expect(outcome).toMatchObject({ outcome: "unknown", reason: "upstream_lost" });
    expect(times).toBe(1);
  },
);

test.each([
  [429, {}, "upstream_busy"],
  [503, { "retry-after": "1" }, "upstream_busy"],
  [405, {}, "upstream_unreachable"],
  [413, {}, "upstream_unreachable"],
])("a bare %i with %o is a refusal: nothing was done", async (status, headers, reason) => {
  const { told, outcome } = await callRefused(status, headers);
  expect(told).toMatchObject({ error: { data: { fault: reason } } });
  expect(outcome).toMatchObject({ outcome: "fault", reason });
});

test("a read is sent again whatever the status was", async () => {
  const { times } = await callRefused(409, {}, { effect: "read" });
  expect(times).toBe(3);
});

test("I4: what a client answers is not posted once its call may not be sent any more", async () => {
  const heard: unknown[] = [];
  let end: () => void = () => undefined;
  const say = (outgoing: ServerResponse, message: object): void =>
    void outgoing.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`);
  const pinged = Promise.withResolvers<void>();
  const url = await startPosts(
    ({ id, method }, outgoing) => {
      if (method === "initialize") {
        outgoing.writeHead(200, { "content-type": "application/json" });
        return void outgoing.end(JSON.stringify({ jsonrpc: "2.0", id, result: hello }));
      }
      if (method === "server/discover") return void outgoing.writeHead(400).end();
      if (method !== "tools/call") {
        if (method === undefined) heard.push(id);
        if (id === "ping") pinged.resolve();
        return void outgoing.writeHead(202).end();
      }
      outgoing.writeHead(200, { "content-type": "text/event-stream" });
      say(outgoing, { id: "asked", method: "elicitation/create", params: {} });
      say(outgoing, { id: "ping", method: "ping", params: {} });
      end = () => say(outgoing, { id, result: { content: [] } });
    },
    (outgoing) => void outgoing.writeHead(405).end(),
  );
  const connector = createHttpConnector({
    ...connecting,
    dialer: createDialer(),
    toTls: () => null,
  });
  const signal = AbortSignal.timeout(5_000);
  const upstream = await connector.connect(toTarget("http", url), signal);
  onTestFinished(() => upstream.close());
  let checks = 0;
  const beforeWrite = (): void => {
    checks += 1;
    if (checks > 1) throw new Error("over");
  };
  const answered = callTool(upstream, "act", { signal, beforeWrite });
  await pinged.promise;
  end();
  expect(await answered).toMatchObject({ kind: "result" });
  await vi.waitFor(() => expect(checks).toBe(2));
  expect(heard).toEqual(["ping"]);
});

test("a server that leaves cancellations unanswered keeps no connection for good", async () => {
  let isStalled = true;
  let called = 0;
  let cancelled = 0;
  const url = await startPosts(
    ({ id, method }, outgoing) => {
      const answer = (result: object): void => {
        outgoing.writeHead(200, { "content-type": "application/json" });
        outgoing.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
      };
      if (method === "initialize") return answer(hello);
      if (method === "notifications/initialized") return void outgoing.writeHead(202).end();
      if (method === "server/discover") return void outgoing.writeHead(400).end();
      if (method === "notifications/cancelled") cancelled += 1;
      if (method !== "tools/call") return;
      called += 1;
      if (!isStalled) answer({ content: [] });
    },
    (outgoing) => void outgoing.writeHead(405).end(),
  );
  const connector = createHttpConnector({
    ...connecting,
    dialer: createDialer(),
    toTls: () => null,
  });
  const upstream = await connector.connect(toTarget("http", url), AbortSignal.timeout(5_000));
  onTestFinished(() => upstream.close());
  // More than the seventeen connections that there are.
  const stuck = Array.from({ length: 40 }, () =>
    callTool(upstream, "act", { signal: AbortSignal.timeout(30) }),
  );
  await Promise.allSettled(stuck);
  await expect(upstream.watch(["fix://a"])).rejects.toMatchObject({ code: "deadline_exceeded" });
  expect(called).toBeLessThan(40);
  expect(cancelled).toBeGreaterThan(5);
  // What was never posted is not cancelled either.
  expect(cancelled).toBeLessThanOrEqual(called);
  isStalled = false;
  const signal = AbortSignal.timeout(5_000);
  expect(await callTool(upstream, "act", { signal })).toMatchObject({ kind: "result" });
});
