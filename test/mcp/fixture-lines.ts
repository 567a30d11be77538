import { createFixture, type Era, type Line } from "./fixture-server.ts";

type Message = Record<string, unknown>;

/** The fixture on one line of messages in each direction: takes what comes, says what goes. */
export function createFixtureLines(
  era: Era,
  send: (message: object) => void,
): (message: Message) => void {
  const fixture = createFixture(era);
  const running = new Map<unknown, AbortController>();
  const asked = new Map<string, (result: Message) => void>();
  let listening: unknown = null;
  let nextAsk = 1;

  function announce(method: string, params: object): void {
    if (era === "legacy") return send({ jsonrpc: "2.0", method, params });
    if (listening === null) return;
    const meta = { "io.modelcontextprotocol/subscriptionId": listening };
    send({ jsonrpc: "2.0", method, params: { ...params, _meta: meta } });
  }

  async function answer(message: Message): Promise<void> {
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

  return (message) => {
    if (message["method"] === undefined)
      return asked.get(String(message["id"]))?.(message["result"] as Message);
    if (message["method"] === "notifications/cancelled") {
      const { requestId } = message["params"] as Message;
      return running.get(requestId)?.abort();
    }
    if (message["method"] === "subscriptions/listen") {
      listening = message["id"];
      return announce("notifications/subscriptions/acknowledged", { notifications: {} });
    }
    if (message["id"] !== undefined) void answer(message);
    return undefined;
  };
}
