import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const left: Readonly<Record<string, number>> = { bolts: 17, nuts: 240 };

// Standard output belongs to the protocol.
serveStdio(() => {
  const server = new McpServer(
    { name: "stock", version: "1.0.0" },
    { capabilities: { tools: {} } },
  );
  server.registerTool(
    "count",
    {
      title: "Count what is left",
      description: "Says how many pieces of an item are left.",
      inputSchema: z.object({ item: z.string().min(1).max(100).describe("Such as bolts.") }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    ({ item }) => ({
      content: [{ type: "text", text: JSON.stringify({ item, left: left[item] ?? 0 }) }],
    }),
  );
  return server;
});
