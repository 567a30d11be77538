import { appendFileSync } from "node:fs";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { listManyTools } from "./many-tools.ts";

/** A server of seventy tools, on the official SDK: `node many-tools-program.ts FILE`. */
const [file = ""] = process.argv.slice(2);
const whole = new McpServer(
  { name: "payments", version: "1.0.0" },
  { capabilities: { tools: {} } },
);
// As JSON Schema, just as it stands there.
const { server } = whole;
const tools = listManyTools();

server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools }));
server.setRequestHandler(
  CallToolRequestSchema,
  async ({ params: { name, arguments: args = {} } }) => {
    appendFileSync(file, `${JSON.stringify({ name, args })}\n`);
    const answer = name.startsWith("refund")
      ? { confirmation: "RF-90210", state: "accepted" }
      : { name, reference: `QX-${name.length}77`, remark: "Nothing extraordinary happened." };
    return { content: [{ type: "text" as const, text: JSON.stringify(answer) }] };
  },
);
await whole.connect(new StdioServerTransport());
