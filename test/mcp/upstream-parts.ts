import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Upstream, UpstreamRequest, UpstreamTarget } from "../../src/ports/upstream.ts";

type Json = Record<string, unknown>;

export const telemetry = {
  count: () => undefined,
  observe: () => undefined,
  gauge: () => undefined,
  log: () => undefined,
};

/** Waits are a twentieth of what they are said to be. */
export const fastClock: Clock = {
  nowMs: () => systemClock.nowMs(),
  monotonicMs: () => systemClock.monotonicMs(),
  sleep: (delayMs, signal) => systemClock.sleep(delayMs / 20, signal),
};

export const connecting = { clock: fastClock, telemetry, version: "0.0.0", resultBytes: 1_000_000 };

export function toTarget(transport: string, endpoint: string): UpstreamTarget {
  return {
    server: "s",
    config: { transport, private: true, concurrency: 1 } as never,
    endpoint,
    subject: "",
    headers: {},
    present: null,
    environment: {},
    egressCredentials: [],
    redact: (text) => text,
    onChange: () => undefined,
    onClose: () => undefined,
  };
}

/** A call of the tool with this name; rejects with what ended it. */
export function callTool(upstream: Upstream, name: string, more: Partial<UpstreamRequest> = {}) {
  return upstream.send({
    method: "tools/call",
    members: `"name":"${name}","arguments":{}`,
    meta: {},
    name,
    params: {},
    client: {},
    credential: null,
    beforeWrite: () => undefined,
    signal: new AbortController().signal,
    onNotification: () => undefined,
    onAsk: async () => ({ kind: "result", result: {} }),
    ...more,
  });
}

export const hello = {
  protocolVersion: "2025-06-18",
  capabilities: { tools: {} },
  serverInfo: { name: "x", version: "1" },
};

type Take = (message: Json, outgoing: ServerResponse, incoming: IncomingMessage) => void;

/** A server whose answer to each POST is what the test does; what it does to a GET as well. */
export async function startPosts(
  onPost: Take,
  onGet: (outgoing: ServerResponse) => void,
): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === "GET") return onGet(outgoing);
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      if (text === "") return void outgoing.writeHead(200).end();
      onPost(JSON.parse(text) as Json, outgoing, incoming);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/at`;
}
