import { request } from "node:http";
import { createInterface } from "node:readline";

/** A server on its standard streams whose one tool fetches what it is told, and says what came. */
async function answer(line: string): Promise<void> {
  const { id, method, params } = JSON.parse(line) as {
    id?: number;
    method: string;
    params?: { arguments?: { url: string } };
  };
  if (id === undefined) return;
  const result = await toResult(method, params?.arguments?.url ?? "");
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...result })}\n`);
}

async function toResult(method: string, url: string): Promise<object> {
  switch (method) {
    case "initialize":
      return {
        result: {
          protocolVersion: "2025-11-25",
          capabilities: { tools: {} },
          serverInfo: { name: "fetching", version: "1" },
        },
      };
    case "tools/list": {
      const inputSchema = { type: "object", properties: { url: { type: "string" } } };
      return { result: { tools: [{ name: "get", description: "Fetches.", inputSchema }] } };
    }
    case "tools/call": {
      const text = await get(url).catch(String);
      return { result: { content: [{ type: "text", text }] } };
    }
    default:
      return { error: { code: -32_601, message: "no such method" } };
  }
}

/** By the proxy even where a client would not ask it: for this machine's own names. */
function get(url: string): Promise<string> {
  const { hostname, port } = new URL(process.env["HTTP_PROXY"] ?? "http://127.0.0.1:1");
  const { host } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path: url, headers: { host } }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(`${response.statusCode} ${text}`));
    });
    asked.once("error", reject).end();
  });
}

createInterface({ input: process.stdin }).on("line", (line) => void answer(line));
