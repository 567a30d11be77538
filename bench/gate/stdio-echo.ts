import { createInterface } from "node:readline";

/** The floor over standard streams, in the era that the peers speak: one tool, `echo`. */
const tool = {
  name: "echo",
  description: "Answers what it is told.",
  inputSchema: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
};

function toResult(method: string | undefined): object {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "echo", version: "1" },
      };
    case "tools/list":
      return { tools: [tool] };
    case "tools/call":
      return { content: [{ type: "text", text: "ok" }] };
    default:
      return {};
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line) as { id?: number | string; method?: string };
  if (id === undefined) return;
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result: toResult(method) })}\n`);
});
