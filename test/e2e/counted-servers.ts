import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

type Message = Record<string, unknown>;

/** Two servers over HTTP, one of each era, that write down each effect by the number it was asked for. */
export interface CountedServers {
  readonly modern: string;
  readonly legacy: string;
  /** How often each number was carried out. */
  readonly done: ReadonlyMap<number, number>;
}

const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const question = {
  mode: "form",
  message: "Really?",
  requestedSchema: { type: "object", properties: { yes: { type: "boolean" } } },
};

export async function startCountedServers(): Promise<CountedServers> {
  const done = new Map<number, number>();
  const waiting = new Map<string, (said: unknown) => void>();
  let nextAsk = 1;

  function note(message: Message): object {
    const { n } = (message["params"] as Message)["arguments"] as { n: number };
    done.set(n, (done.get(n) ?? 0) + 1);
    return { content: [{ type: "text", text: `done ${n}` }] };
  }

  function answerModern(message: Message, outgoing: ServerResponse): void {
    const complete = { resultType: "complete", ttlMs: 0, cacheScope: "private" };
    const results: Record<string, () => object> = {
      "server/discover": () => ({ supportedVersions: ["2026-07-28"], capabilities: { tools: {} } }),
      "tools/list": () => ({
        tools: ["book", "look"].map((name) => ({ name, description: name, inputSchema: schema })),
      }),
      "tools/call": () =>
        (message["params"] as Message)["name"] === "book" ? note(message) : { content: [] },
    };
    reply(outgoing, message, results[String(message["method"])], complete);
  }

  async function answerLegacy(message: Message, outgoing: ServerResponse): Promise<void> {
    const results: Record<string, () => object> = {
      initialize: () => ({
        protocolVersion: "2025-11-25",
        capabilities: { tools: {} },
        serverInfo: { name: "counted", version: "1" },
      }),
      "tools/list": () => ({
        tools: [{ name: "confirm", description: "confirm", inputSchema: schema }],
      }),
    };
    if (message["method"] !== "tools/call")
      return reply(outgoing, message, results[String(message["method"])], {});
    const id = `ask-${nextAsk++}`;
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    const ask = { jsonrpc: "2.0", id, method: "elicitation/create", params: question };
    outgoing.write(`data: ${JSON.stringify(ask)}\n\n`);
    const isAnswered = await new Promise<boolean>((resolve) => {
      waiting.set(id, () => resolve(true));
      outgoing.once("close", () => resolve(false));
    });
    waiting.delete(id);
    if (!isAnswered) return;
    const answer = { jsonrpc: "2.0", id: message["id"], result: note(message) };
    outgoing.end(`data: ${JSON.stringify(answer)}\n\n`);
  }

  return {
    modern: await listen(answerModern),
    legacy: await listen((message, outgoing) => {
      if (message["method"] !== undefined) return answerLegacy(message, outgoing);
      waiting.get(String(message["id"]))?.(message["result"]);
      outgoing.writeHead(202).end();
    }),
    done,
  };
}

function reply(
  outgoing: ServerResponse,
  { id, method }: Message,
  result: (() => object) | undefined,
  members: object,
): void {
  if (id === undefined) return void outgoing.writeHead(202).end();
  const body =
    result === undefined
      ? { jsonrpc: "2.0", id, error: { code: -32_601, message: `no ${String(method)}` } }
      : { jsonrpc: "2.0", id, result: { ...members, ...result() } };
  outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function listen(
  answer: (message: Message, outgoing: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (incoming.method !== "POST") return void outgoing.writeHead(405).end();
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    await answer(JSON.parse(Buffer.concat(chunks).toString()) as Message, outgoing);
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}
