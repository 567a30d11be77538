import type { ServerResponse } from "node:http";
import { expect, onTestFinished, test, vi } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createSseConnector } from "../../src/adapters/mcp-sse/connector.ts";
import { Fault } from "../../src/model/index.ts";
import { callTool, connecting, hello, startPosts, toTarget } from "./upstream-parts.ts";

/** Calls of `hang` are read and their POST is left unanswered; all others are answered at once. */
async function open(unanswered = ["hang"]) {
  const posted: string[] = [];
  const held: ServerResponse[] = [];
  let stream: ServerResponse | null = null;
  const ended: string[] = [];
  const tell = (id: unknown, result: object): void =>
    void stream!.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id, result })}\n\n`);
  const url = await startPosts(
    ({ id, method, params }, outgoing) => {
      const { name, requestId } = (params ?? {}) as { name?: string; requestId?: number };
      posted.push(`${String(method)} ${name ?? requestId ?? ""}`.trim());
      if (unanswered.includes(name ?? String(method))) return void held.push(outgoing);
      if (id !== undefined) tell(id, method === "initialize" ? hello : { content: [] });
      outgoing.writeHead(202).end();
    },
    (outgoing) => {
      stream = outgoing;
      outgoing.writeHead(200, { "content-type": "text/event-stream" });
      outgoing.write("event: endpoint\ndata: /messages\n\n");
    },
  );
  const connector = createSseConnector({
    ...connecting,
    dialer: createDialer(),
    toTls: () => null,
  });
  const target = { ...toTarget("sse", url), onClose: (reason: string) => void ended.push(reason) };
  const upstream = await connector.connect(target, AbortSignal.timeout(5_000));
  onTestFinished(() => upstream.close());
  return { upstream, posted, held, ended, cut: () => stream!.destroy() };
}

/** One of the seventeen connections is the stream's. */
async function fill({ upstream, held }: Awaited<ReturnType<typeof open>>) {
  const filling = new AbortController();
  const { signal } = filling;
  const all = Array.from({ length: 16 }, () => callTool(upstream, "hang", { signal }));
  const ended = Promise.allSettled(all);
  await vi.waitFor(() => expect(held).toHaveLength(16));
  return { filling, ended };
}

test("a POST that is left unanswered holds back no other call, and its own is cancelled", async () => {
  const { upstream, posted, held, ended } = await open();
  const leaving = new AbortController();
  const hanging = callTool(upstream, "hang", { signal: leaving.signal });
  await vi.waitFor(() => expect(held).toHaveLength(1));
  expect(await callTool(upstream, "act")).toMatchObject({ kind: "result" });
  // Longer than a message may take: while the call is under way, its own deadline rules.
  await new Promise((resolve) => setTimeout(resolve, 1_800));
  leaving.abort(new Fault("deadline_exceeded", "late"));
  await expect(hanging).rejects.toMatchObject({ code: "deadline_exceeded" });
  await vi.waitFor(() => expect(posted.at(-1)).toBe("notifications/cancelled 2"));
  expect(ended).toEqual([]);
  expect(await callTool(upstream, "act")).toMatchObject({ kind: "result" });
});

test("I4: a call that ends while it waits to be posted is never posted, nor is its cancellation", async () => {
  const opened = await open();
  const { upstream, posted } = opened;
  const { filling, ended } = await fill(opened);
  const leaving = new AbortController();
  const beforeWrite = vi.fn();
  const late = callTool(upstream, "late", { signal: leaving.signal, beforeWrite });
  leaving.abort(new Fault("deadline_exceeded", "late"));
  await expect(late).rejects.toMatchObject({ code: "deadline_exceeded" });
  filling.abort(new Error("enough"));
  await ended;
  expect(await callTool(upstream, "act")).toMatchObject({ kind: "result" });
  expect(beforeWrite).not.toHaveBeenCalled();
  expect(posted).not.toContain("tools/call late");
  expect(posted).not.toContain("notifications/cancelled 18");
});

test("I4: a freeze that comes while a call waits to be posted stops it", async () => {
  const opened = await open();
  const { upstream, posted } = opened;
  let isFrozen = false;
  const { filling, ended } = await fill(opened);
  const beforeWrite = (): void => {
    if (isFrozen) throw new Fault("frozen", "stopped");
  };
  const waiting = callTool(upstream, "late", { beforeWrite }).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 20));
  isFrozen = true;
  filling.abort(new Error("enough"));
  await ended;
  expect(await waiting).toMatchObject({ code: "frozen" });
  expect(await callTool(upstream, "act")).toMatchObject({ kind: "result" });
  expect(posted).not.toContain("tools/call late");
  expect(opened.ended).toEqual([]);
});

test("a stream that ends loses what was posted, and what was not may be sent again", async () => {
  const opened = await open();
  const { upstream, posted, cut } = opened;
  const { ended } = await fill(opened);
  const waiting = callTool(upstream, "late").catch((error: unknown) => error);
  cut();
  expect(posted).not.toContain("tools/call late");
  expect(await waiting).toMatchObject({ code: "upstream_unreachable" });
  for (const each of await ended) expect(each).toMatchObject({ reason: { code: "upstream_lost" } });
});

test("a server that leaves a message of no call unanswered has its stream ended", async () => {
  const { upstream, held, ended } = await open(["hang", "notifications/cancelled"]);
  const leaving = new AbortController();
  const left = callTool(upstream, "hang", { signal: leaving.signal });
  await vi.waitFor(() => expect(held).toHaveLength(1));
  leaving.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  await vi.waitFor(() => expect(ended).toEqual([expect.stringContaining("in time")]), 5_000);
  await expect(callTool(upstream, "act")).rejects.toMatchObject({ code: "upstream_unreachable" });
});
