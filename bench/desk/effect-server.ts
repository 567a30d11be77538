import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An MCP server that says when each call reached it, on the clock that all processes share. */
const complete = { resultType: "complete", ttlMs: 0, cacheScope: "private" };
const inputSchema = {
  type: "object",
  properties: { payment: { type: "string" } },
  required: ["payment"],
};

interface Message {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly arguments?: { readonly payment: string } };
}

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function toResult({ method, params }: Message, atNs: bigint): object {
  switch (method) {
    case "server/discover":
      return { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
    case "tools/list":
      return { tools: [{ name: "pay", description: "Pays.", inputSchema }] };
    default:
      say({ payment: params?.arguments?.payment, atNs: atNs.toString() });
      return { content: [{ type: "text", text: "paid" }] };
  }
}

const server = createServer((incoming, outgoing) => {
  const atNs = process.hrtime.bigint();
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => {
    const text = Buffer.concat(chunks).toString();
    const message = text === "" ? null : (JSON.parse(text) as Message);
    if (message?.id === undefined) return outgoing.writeHead(202).end();
    const result = { ...complete, ...toResult(message, atNs) };
    outgoing
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ jsonrpc: "2.0", id: message.id, result }));
  });
});
server.listen(0, "127.0.0.1", () => say({ port: (server.address() as AddressInfo).port }));
