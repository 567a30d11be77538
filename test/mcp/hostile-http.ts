import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

type Json = Record<string, unknown>;
export type CallScript = (call: Json, outgoing: ServerResponse, incoming: IncomingMessage) => void;

/** A modern server with one tool, `act`, whose answer to a call is whatever the test does to the socket. */
export async function startHostile(
  onCall: CallScript,
  tools: () => readonly Json[] = defaults,
): Promise<{ readonly url: string; readonly calls: Json[] }> {
  const calls: Json[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      if (incoming.method !== "POST") return void outgoing.writeHead(405).end();
      const message = JSON.parse(Buffer.concat(chunks).toString()) as Json;
      const reply = (result: object): void => {
        outgoing.writeHead(200, { "content-type": "application/json" });
        outgoing.end(
          JSON.stringify({
            jsonrpc: "2.0",
            id: message["id"],
            result: { resultType: "complete", ttlMs: 0, cacheScope: "private", ...result },
          }),
        );
      };
      if (message["method"] === "server/discover")
        return reply({ supportedVersions: ["2026-07-28"], capabilities: { tools: {} } });
      if (message["method"] === "tools/list") return reply({ tools: tools() });
      calls.push(message);
      return onCall(message, outgoing, incoming);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, calls };
}

const defaults = (): readonly Json[] => [
  { name: "act", description: "Does as the test says.", inputSchema: { type: "object" } },
];

export function answerCall(call: Json, outgoing: ServerResponse, text: string): void {
  outgoing.writeHead(200, { "content-type": "application/json" });
  const result = { resultType: "complete", content: [{ type: "text", text }] };
  outgoing.end(JSON.stringify({ jsonrpc: "2.0", id: call["id"], result }));
}
