import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { atEnd } from "../at-end.ts";
import { createFixture, type Era, type Line } from "./fixture-server.ts";

type Message = Record<string, unknown>;

/** The fixture over streamable HTTP: modern, or legacy with sessions. Gives its URL. */
export async function startHttpFixture(
  era: Era,
): Promise<{ readonly url: string; readonly requests: Message[] }> {
  const fixture = createFixture(era);
  const requests: Message[] = [];
  const streams = new Set<(method: string, params: object) => void>();
  const asked = new Map<string, (result: Record<string, unknown>) => void>();
  const running = new Map<unknown, AbortController>();
  let sessions = 0;
  let nextAsk = 1;

  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (incoming.method === "GET" && era === "legacy") return standing(outgoing);
    if (incoming.method !== "POST")
      return void outgoing.writeHead(incoming.method === "DELETE" ? 200 : 405).end();
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const message = JSON.parse(Buffer.concat(chunks).toString()) as Message;
    requests.push(message);
    if (message["method"] === undefined) {
      asked.get(String(message["id"]))?.(message["result"] as Record<string, unknown>);
      return void outgoing.writeHead(202).end();
    }
    if (message["id"] === undefined) {
      const { requestId } = (message["params"] ?? {}) as Message;
      if (message["method"] === "notifications/cancelled") running.get(requestId)?.abort();
      return void outgoing.writeHead(202).end();
    }
    if (message["method"] === "subscriptions/listen") return listen(message, outgoing);
    await answer(message, outgoing);
  }

  async function answer(message: Message, outgoing: ServerResponse): Promise<void> {
    const abort = new AbortController();
    running.set(message["id"], abort);
    outgoing.once("close", () => abort.abort());
    const send = (sent: object): void => {
      if (!outgoing.headersSent) outgoing.writeHead(200, { "content-type": "text/event-stream" });
      outgoing.write(`data: ${JSON.stringify(sent)}\n\n`);
    };
    const line: Line = {
      notify: (method, params) => send({ jsonrpc: "2.0", method, params }),
      ask: (method, params) => {
        const id = `q${nextAsk++}`;
        send({ jsonrpc: "2.0", id, method, params });
        return new Promise((resolve) => asked.set(id, resolve));
      },
      announce: (method, params) => streams.forEach((each) => each(method, params)),
      signal: abort.signal,
    };
    const reply = await fixture.answer(message, line);
    running.delete(message["id"]);
    if (outgoing.headersSent) {
      outgoing.end(`data: ${JSON.stringify(reply)}\n\n`);
      return;
    }
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (message["method"] === "initialize" && era === "legacy")
      headers["mcp-session-id"] = `s${++sessions}`;
    outgoing.writeHead(200, headers).end(JSON.stringify(reply));
  }

  function standing(outgoing: ServerResponse): void {
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    outgoing.flushHeaders();
    follow(outgoing, (method, params) =>
      outgoing.write(`data: ${JSON.stringify({ jsonrpc: "2.0", method, params })}\n\n`),
    );
  }

  function listen(message: Message, outgoing: ServerResponse): void {
    const meta = { "io.modelcontextprotocol/subscriptionId": message["id"] };
    const send = (method: string, params: object): void => {
      outgoing.write(
        `data: ${JSON.stringify({ jsonrpc: "2.0", method, params: { ...params, _meta: meta } })}\n\n`,
      );
    };
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    send("notifications/subscriptions/acknowledged", {
      notifications: (message["params"] as Message)["notifications"],
    });
    follow(outgoing, send);
  }

  function follow(outgoing: ServerResponse, send: (method: string, params: object) => void): void {
    streams.add(send);
    outgoing.once("close", () => streams.delete(send));
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, requests };
}
