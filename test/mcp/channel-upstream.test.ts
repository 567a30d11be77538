import { expect, test, vi } from "vitest";
import { ChannelUpstream } from "../../src/mcp/channel-upstream.ts";
import { createMetaWriter } from "../../src/mcp/modern-meta.ts";
import type { AskAnswer, UpstreamRequest } from "../../src/ports/upstream.ts";
import { callTool, hello, telemetry, toTarget } from "./upstream-parts.ts";

const say = (upstream: ChannelUpstream, message: object): void =>
  upstream.onLine(JSON.stringify({ jsonrpc: "2.0", ...message }));

async function open() {
  const now = { ms: 0 };
  const written: Record<string, unknown>[] = [];
  const upstream = new ChannelUpstream({
    target: toTarget("stdio", "0"),
    version: "0.0.0",
    writeMeta: createMetaWriter("0.0.0"),
    clock: {
      nowMs: () => now.ms,
      monotonicMs: () => now.ms,
      sleep: () => new Promise(() => undefined),
    },
    telemetry,
  });
  upstream.attach({
    write: (line, sent) => {
      sent?.beforeWrite();
      written.push(JSON.parse(line) as Record<string, unknown>);
    },
    kill: () => undefined,
    sandbox: null,
    close: async () => undefined,
  });
  const greeted = upstream.initialize(new AbortController().signal);
  say(upstream, { id: 1, result: hello });
  await greeted;
  return { upstream, written, now };
}

/** Ada's call is cancelled; Bob's is the only one under way then. */
async function openAbandoned() {
  const opened = await open();
  const { upstream } = opened;
  const leaving = new AbortController();
  const left = callTool(upstream, "of-ada", { signal: leaving.signal });
  leaving.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  const onAsk = vi.fn<UpstreamRequest["onAsk"]>(async () => ({ kind: "result", result: {} }));
  const onNotification = vi.fn<UpstreamRequest["onNotification"]>();
  const answered = callTool(upstream, "of-bob", { onAsk, onNotification });
  return { ...opened, answered, onAsk, onNotification };
}

const ask = { id: 77, method: "elicitation/create", params: { message: "Ada's?" } };
const log = { method: "notifications/message", params: { level: "info", data: "Ada's" } };

test("what a cancelled call's program asks and logs goes to no other caller", async () => {
  const { upstream, written, onAsk, onNotification } = await openAbandoned();
  say(upstream, log);
  say(upstream, ask);
  await vi.waitFor(() =>
    expect(written.at(-1)).toMatchObject({ id: 77, error: { code: -32_603 } }),
  );
  expect(onAsk).not.toHaveBeenCalled();
  expect(onNotification).not.toHaveBeenCalled();
});

test.each([
  ["its answer", (upstream: ChannelUpstream) => say(upstream, { id: 2, result: { content: [] } })],
  ["a minute", (_: ChannelUpstream, now: { ms: number }) => void (now.ms += 60_000)],
])("after %s a cancelled call is over, and the only one is asked again", async (_, pass) => {
  const { upstream, written, now, onAsk, onNotification } = await openAbandoned();
  pass(upstream, now);
  say(upstream, log);
  say(upstream, ask);
  await vi.waitFor(() => expect(written.at(-1)).toMatchObject({ id: 77, result: {} }));
  expect(onAsk).toHaveBeenCalledOnce();
  expect(onNotification).toHaveBeenCalledOnce();
});

test("more cancelled calls than are kept apart are kept for as long", async () => {
  const { upstream, now, onAsk } = await openAbandoned();
  for (let count = 0; count < 1_500; count += 1) {
    const leaving = new AbortController();
    const left = callTool(upstream, "of-ada", { signal: leaving.signal });
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
  }
  for (let id = 0; id < 1_100; id += 1) say(upstream, { id: id === 3 ? 2 : id, result: {} });
  now.ms += 59_000;
  say(upstream, ask);
  now.ms += 1_000;
  expect(onAsk).not.toHaveBeenCalled();
});

test("a call that its own check stops is neither written nor cancelled", async () => {
  const { upstream, written } = await open();
  const stop = (): void => {
    throw new Error("frozen");
  };
  await expect(callTool(upstream, "act", { beforeWrite: stop })).rejects.toThrow("frozen");
  expect(written.map(({ method }) => method)).toEqual(["initialize", "notifications/initialized"]);
  expect(upstream.outstanding).toBe(0);
});

test("what the channel had not written when it ended was not sent", async () => {
  const { upstream } = await open();
  const written = callTool(upstream, "act");
  upstream.attach({
    write: () => new Promise(() => undefined),
    kill: () => undefined,
    sandbox: null,
    close: async () => undefined,
  });
  const leaving = new AbortController();
  const waiting = callTool(upstream, "act");
  const left = callTool(upstream, "act", { signal: leaving.signal });
  leaving.abort(new Error("left"));
  upstream.end("fell over");
  await expect(left).rejects.toThrow("left");
  await expect(waiting).rejects.toMatchObject({ code: "upstream_unreachable" });
  await expect(written).rejects.toMatchObject({ code: "upstream_lost" });
});

test("I4: what a client answers is not written once its call may not be sent any more", async () => {
  const { upstream, written } = await open();
  let isOver = false;
  const beforeWrite = (): void => {
    if (isOver) throw new Error("over");
  };
  const told = Promise.withResolvers<AskAnswer>();
  const onAsk = (): Promise<AskAnswer> => told.promise;
  const answered = callTool(upstream, "act", { beforeWrite, onAsk });
  say(upstream, ask);
  isOver = true;
  const before = written.length;
  told.resolve({ kind: "result", result: {} });
  // A message that comes after it has gone through.
  say(upstream, { id: 78, method: "ping" });
  say(upstream, { id: 2, result: { content: [] } });
  await answered;
  await new Promise((resolve) => setImmediate(resolve));
  expect(written.slice(before)).toMatchObject([{ id: 78 }]);
});

test("I13: a flood of questions is cut: so many wait for their answers at once", async () => {
  const { upstream, written } = await open();
  const told: PromiseWithResolvers<AskAnswer>[] = [];
  const onAsk = (): Promise<AskAnswer> => {
    told.push(Promise.withResolvers<AskAnswer>());
    return told.at(-1)!.promise;
  };
  void callTool(upstream, "act", { onAsk });
  for (let count = 0; count < 2_000; count += 1) say(upstream, { ...ask, id: 1_000 + count });
  expect(told).toHaveLength(1_000);
  const before = written.length;
  for (const { resolve } of told) resolve({ kind: "result", result: {} });
  await vi.waitFor(() => expect(written.slice(before)).toHaveLength(1_000));
  await new Promise((resolve) => setImmediate(resolve));
  say(upstream, ask);
  expect(told).toHaveLength(1_001);
});
