import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

/** What a gateway is that is put together from the official classes: a server in front, a client behind. */
const client = new Client(
  { name: "bench", version: "1" },
  { versionNegotiation: { mode: "auto" } },
);
await client.connect(
  new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${process.argv[2]}/mcp`)),
);

const sessions = new Map<string, StreamableHTTPServerTransport>();

async function open(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: true,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  });
  const { server } = new McpServer(
    { name: "bench", version: "1" },
    { capabilities: { tools: {} } },
  );
  server.setRequestHandler(ListToolsRequestSchema, async () => (await client.listTools()) as never);
  server.setRequestHandler(
    CallToolRequestSchema,
    async ({ params }) => (await client.callTool(params)) as never,
  );
  await server.connect(transport);
  return transport;
}

const http = createServer((incoming, outgoing) => {
  const id = incoming.headers["mcp-session-id"];
  const known = typeof id === "string" ? sessions.get(id) : undefined;
  void (known === undefined ? open() : Promise.resolve(known)).then((transport) =>
    transport.handleRequest(incoming, outgoing),
  );
});
http.keepAliveTimeout = 60_000;
http.listen(0, "127.0.0.1", () => console.log((http.address() as AddressInfo).port));
