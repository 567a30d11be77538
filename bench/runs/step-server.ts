import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { stepText } from "./runtime.ts";

/** A server with one tool, `act`, that answers at once what a step brings back. It ends with its parent. */
const tool = {
  name: "act",
  description: "Does as it is told.",
  inputSchema: {
    type: "object",
    properties: { id: { type: "string" }, n: { type: "integer" } },
    required: ["id", "n"],
  },
};
const common = { resultType: "complete", ttlMs: 0, cacheScope: "private" };
const results: Readonly<Record<string, object>> = {
  "server/discover": { ...common, supportedVersions: ["2026-07-28"], capabilities: { tools: {} } },
  "tools/list": { ...common, tools: [tool] },
  "tools/call": { resultType: "complete", content: [{ type: "text", text: stepText }] },
};

const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => {
    if (incoming.method !== "POST") return void outgoing.writeHead(405).end();
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as { id?: number; method: string };
    const { id, method } = asked;
    const body = JSON.stringify({ jsonrpc: "2.0", id, result: results[method] ?? {} });
    const length = Buffer.byteLength(body);
    outgoing.writeHead(200, { "content-type": "application/json", "content-length": length });
    outgoing.end(body);
  });
});
server.keepAliveTimeout = 60_000;
process.on("disconnect", () => process.exit(0));
server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
