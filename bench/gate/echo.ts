import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** The floor: a modern server with one tool, `echo`, that answers as little as the protocol allows. */
const tool = {
  name: "echo",
  description: "Answers what it is told.",
  inputSchema: {
    type: "object",
    properties: {
      text: { type: "string" },
      count: { type: "integer" },
      tags: { type: "array", items: { type: "string" } },
    },
    required: ["text"],
  },
};
const many = Number(process.argv[2] ?? "1");
/** How long a call takes it. */
const workMs = Number(process.argv[3] ?? "0");
const tools = [
  tool,
  ...Array.from({ length: many - 1 }, (_, index) => ({ ...tool, name: `echo_${index}` })),
];
const common = { resultType: "complete", ttlMs: 0, cacheScope: "private" };

const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => {
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as {
      id?: number;
      method: string;
    };
    const result =
      method === "tools/list"
        ? { ...common, tools }
        : method === "server/discover"
          ? { ...common, supportedVersions: ["2026-07-28"], capabilities: { tools: {} } }
          : { resultType: "complete", content: [{ type: "text", text: "ok" }] };
    const body = JSON.stringify({ jsonrpc: "2.0", id, result });
    const answer = (): void => {
      outgoing.writeHead(200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      });
      outgoing.end(body);
    };
    if (workMs > 0 && method === "tools/call") setTimeout(answer, workMs);
    else answer();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
