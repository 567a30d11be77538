import { createInterface } from "node:readline";
import { createFixture, type Era, type Line } from "./fixture-server.ts";

/** The fixture as a program: `node fixture-stdio.ts modern|legacy`. */
const era = process.argv[2] as Era;
const fixture = createFixture(era);
const running = new Map<unknown, AbortController>();
const asked = new Map<string, (result: Record<string, unknown>) => void>();
let listening: unknown = null;
let nextAsk = 1;

function send(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function announce(method: string, params: object): void {
  if (era === "legacy") return send({ jsonrpc: "2.0", method, params });
  if (listening === null) return;
  const meta = { "io.modelcontextprotocol/subscriptionId": listening };
  send({ jsonrpc: "2.0", method, params: { ...params, _meta: meta } });
}

async function answer(message: Record<string, unknown>): Promise<void> {
  const abort = new AbortController();
  running.set(message["id"], abort);
  const line: Line = {
    notify: (method, params) => send({ jsonrpc: "2.0", method, params }),
    ask: (method, params) => {
      const id = `q${nextAsk++}`;
      send({ jsonrpc: "2.0", id, method, params });
      return new Promise((resolve) => asked.set(id, resolve));
    },
    announce,
    signal: abort.signal,
  };
  const reply = await fixture.answer(message, line);
  running.delete(message["id"]);
  if (!abort.signal.aborted) send(reply);
}

createInterface({ input: process.stdin }).on("line", (text) => {
  const message = JSON.parse(text) as Record<string, unknown>;
  if (message["method"] === undefined)
    return asked.get(String(message["id"]))?.(message["result"] as Record<string, unknown>);
  if (message["method"] === "notifications/cancelled") {
    const { requestId } = message["params"] as Record<string, unknown>;
    return running.get(requestId)?.abort();
  }
  if (message["method"] === "subscriptions/listen") {
    listening = message["id"];
    return announce("notifications/subscriptions/acknowledged", { notifications: {} });
  }
  if (message["id"] !== undefined) void answer(message);
  return undefined;
});
