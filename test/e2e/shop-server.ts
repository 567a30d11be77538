import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

type Message = Record<string, unknown>;

/** A shop over HTTP, with tools, a resource and a prompt, whose stock the test and its calls change. */
export interface ShopServer {
  readonly url: string;
  stock: number;
  returns: string;
  /** What it was asked, in order: a tool, a URI, a prompt. */
  readonly asked: { readonly what: string; readonly args: unknown }[];
}

const schema = { type: "object" };
const tools = ["stock", "orders", "ship", "gossip"].map((name) => ({
  name,
  description: `The shop's ${name}.`,
  inputSchema: schema,
}));
const said = (text: string) => ({ content: [{ type: "text", text }] });

export async function startShopServer(): Promise<ShopServer> {
  const shop = { url: "", stock: 7, returns: "Within 30 days.", asked: [] } as ShopServer & {
    url: string;
  };
  const server = createServer((incoming, outgoing) => void serve(shop, incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  shop.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  return shop;
}

async function serve(shop: ShopServer, incoming: IncomingMessage, outgoing: ServerResponse) {
  if (incoming.method !== "POST") return void outgoing.writeHead(405).end();
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { id, method, params = {} } = JSON.parse(Buffer.concat(chunks).toString()) as Message;
  if (id === undefined) return void outgoing.writeHead(202).end();
  const found = answer(shop, String(method), params as Message);
  const body =
    found === null
      ? { jsonrpc: "2.0", id, error: { code: -32_601, message: `no ${String(method)}` } }
      : {
          jsonrpc: "2.0",
          id,
          result: { resultType: "complete", ttlMs: 0, cacheScope: "private", ...found },
        };
  outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function answer(shop: ShopServer, method: string, params: Message): object | null {
  const note = (what: unknown, args: unknown = null): void =>
    void shop.asked.push({ what: String(what), args });
  switch (method) {
    case "server/discover":
      return {
        supportedVersions: ["2026-07-28"],
        capabilities: { tools: {}, prompts: {}, resources: {} },
      };
    case "tools/list":
      return { tools };
    case "prompts/list":
      return { prompts: [{ name: "tone", arguments: [{ name: "lang" }] }] };
    case "resources/list":
      return { resources: [{ uri: "shop://returns", name: "returns" }] };
    case "resources/templates/list":
      return { resourceTemplates: [] };
    case "prompts/get": {
      const { lang } = params["arguments"] as { readonly lang: string };
      note("tone", lang);
      return {
        messages: [{ role: "user", content: { type: "text", text: `Be kind, in ${lang}.` } }],
      };
    }
    case "resources/read":
      note(params["uri"]);
      return { contents: [{ uri: params["uri"], text: shop.returns }] };
    case "tools/call":
      note(params["name"], params["arguments"]);
      if (params["name"] === "ship") shop.stock -= 1;
      return said(
        params["name"] === "stock" ? `${shop.stock} left` : `${String(params["name"])}: ok`,
      );
    default:
      return null;
  }
}
