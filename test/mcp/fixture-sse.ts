import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { createFixtureLines } from "./fixture-lines.ts";

export interface SseScript {
  /** What the first event says; where messages go, when absent. */
  readonly endpoint?: (own: string) => string | null;
  /** In place of the fixture's answer to this call: what is done to the stream. */
  readonly onCall?: (name: string, stream: ServerResponse) => boolean;
}

/** The legacy fixture over HTTP+SSE, as servers before 2025-03-26 are reached. */
export async function startSseFixture(script: SseScript = {}) {
  const streams: ServerResponse[] = [];
  const takes = new Map<string, (message: Record<string, unknown>) => void>();
  let sessions = 0;

  function open(outgoing: ServerResponse): void {
    streams.push(outgoing);
    const session = String((sessions += 1));
    const own = `/messages?session=${session}`;
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    const endpoint = script.endpoint === undefined ? own : script.endpoint(own);
    if (endpoint !== null) outgoing.write(`event: endpoint\ndata: ${endpoint}\n\n`);
    else outgoing.write(": nothing yet\n\n");
    const take = createFixtureLines("legacy", (message) =>
      outgoing.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`),
    );
    takes.set(session, (message) => {
      const { name } = (message["params"] ?? {}) as { name?: string };
      if (message["method"] === "tools/call" && script.onCall?.(name ?? "", outgoing) === true)
        return;
      take(message);
    });
  }

  async function post(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const session = new URL(incoming.url!, "http://localhost").searchParams.get("session") ?? "";
    outgoing.writeHead(takes.has(session) ? 202 : 404).end();
    takes.get(session)?.(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
  }

  const server = createServer((incoming, outgoing) => {
    if (incoming.method === "GET") open(outgoing);
    else void post(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sse`, streams };
}
