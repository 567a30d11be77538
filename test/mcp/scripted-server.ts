import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

type Json = Record<string, unknown>;

/** What a server answers to a message: `result` or `error`, after notifications or questions. */
export interface Script {
  readonly tools: readonly string[];
  /** `{ status, body }` is answered as it is, without a message. */
  readonly answer: (asked: Asked) => Json | Promise<Json>;
  /** Said of each tool, besides its name. */
  readonly describe?: (headers: IncomingHttpHeaders) => string;
}

export interface Asked {
  readonly method: string;
  readonly name: string;
  readonly params: Json;
  readonly headers: IncomingHttpHeaders;
  readonly notify: (method: string, params: Json) => void;
}

const capabilities = { tools: {}, prompts: {}, resources: {}, logging: {} };

/** A modern server over HTTP that says what a test wants it to say. */
export async function startScriptedServer({ tools, answer, describe = () => "" }: Script) {
  const seen: Json[] = [];
  const toListed = (headers: IncomingHttpHeaders): Readonly<Record<string, Json>> => ({
    "server/discover": {
      supportedVersions: ["2026-07-28"],
      capabilities,
      instructions: `Call it. ${describe(headers)}`,
    },
    "tools/list": {
      tools: tools.map((name) => ({
        name,
        description: `It is called ${name}. ${describe(headers)}`,
        inputSchema: { type: "object" },
      })),
    },
    "prompts/list": { prompts: [{ name: "greet", arguments: [{ name: "who" }] }] },
    "resources/list": { resources: [{ uri: "fix://state", name: "state" }] },
    "resources/templates/list": {
      resourceTemplates: [{ uriTemplate: "fix://{+path}", name: "any" }],
    },
  });
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      if (incoming.method !== "POST") return void outgoing.writeHead(405).end();
      const message = JSON.parse(Buffer.concat(chunks).toString()) as Json;
      const { id, method } = message as { id: unknown; method: string };
      const params = (message["params"] ?? {}) as Json;
      const send = (sent: object): void => {
        if (!outgoing.headersSent) outgoing.writeHead(200, { "content-type": "text/event-stream" });
        outgoing.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...sent })}\n\n`);
      };
      const listed = toListed(incoming.headers);
      if (Object.hasOwn(listed, method)) {
        send({ id, result: { ttlMs: 0, cacheScope: "private", ...listed[method] } });
        return void outgoing.end();
      }
      if (id === undefined || method === "subscriptions/listen")
        return void outgoing.writeHead(202).end();
      seen.push(message);
      const asked = {
        method,
        name: String(params["name"] ?? params["uri"]),
        params,
        headers: incoming.headers,
        notify: (of: string, with_: Json) => send({ method: of, params: with_ }),
      };
      void Promise.resolve(answer(asked)).then((said) => {
        if (typeof said["status"] === "number")
          return void outgoing.writeHead(said["status"]).end(String(said["body"]));
        send({ id, ...said });
        return void outgoing.end();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, seen };
}
