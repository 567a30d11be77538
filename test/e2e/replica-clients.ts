import { readEvents } from "../../src/mcp/read-events.ts";
import type { Replica } from "./replica-fleet.ts";

type Json = Record<string, unknown>;

/** What became of one call, as its client sees it. */
export interface Ending {
  /** `answered`, `cut` for a connection that broke off, or the code of the fault. */
  readonly outcome: string;
  readonly replicaDied: boolean;
}

export interface Target {
  readonly key: string;
  readonly pick: () => Replica;
  /** What the person who is asked takes to answer. */
  readonly think: () => Promise<void>;
}

const version = "2026-07-28";
const capabilities = { elicitation: { form: {} } };
const accepted = { action: "accept", content: { yes: true } };

/** Each request goes to any replica; what a server asks is answered at any replica, too. */
export async function sendModern(target: Target, name: string, n: number): Promise<Ending> {
  let more: Json = {};
  for (;;) {
    const meta = {
      "io.modelcontextprotocol/protocolVersion": version,
      "io.modelcontextprotocol/clientCapabilities": capabilities,
    };
    const params = { name, arguments: { n }, ...more, _meta: meta };
    const sent = await send(
      target,
      { "mcp-protocol-version": version, "mcp-method": "tools/call", "mcp-name": name },
      { id: n, method: "tools/call", params },
    );
    if (sent.message === null) return { outcome: "cut", replicaDied: sent.replica.isDead };
    const result = sent.message["result"] as Json | undefined;
    if (result?.["resultType"] !== "input_required") return toEnding(sent.message, sent.replica);
    await target.think();
    const asked = Object.keys(result["inputRequests"] as Json);
    more = {
      inputResponses: Object.fromEntries(asked.map((each) => [each, accepted])),
      requestState: result["requestState"],
    };
  }
}

/** A session that is opened at one replica and used at all of them. */
export async function openSession(target: Target) {
  const opened = await send(
    target,
    {},
    {
      id: 0,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "load" } },
    },
  );
  const headers = {
    "mcp-session-id": opened.session!,
    "mcp-protocol-version": "2025-11-25",
  };
  const onAsk = async (message: Json): Promise<void> => {
    const answer = { id: message["id"], result: accepted };
    // An answer is no call: it is said again elsewhere until somebody has taken it.
    await target.think();
    for (;;) if ((await send(target, headers, answer)).isTaken) return;
  };
  return {
    async call(name: string, n: number): Promise<Ending> {
      const params = { name, arguments: { n } };
      const sent = await send(target, headers, { id: n, method: "tools/call", params }, onAsk);
      if (sent.message === null) return { outcome: "cut", replicaDied: sent.replica.isDead };
      return toEnding(sent.message, sent.replica);
    },
  };
}

function toEnding(message: Json, replica: Replica): Ending {
  const replicaDied = replica.isDead;
  const error = message["error"] as
    | { code: number; message: string; data?: { fault?: string } }
    | undefined;
  if (error === undefined) {
    const isError = (message["result"] as Json)["isError"] === true;
    return { outcome: isError ? "tool_error" : "answered", replicaDied };
  }
  return {
    outcome: error.data?.fault ?? `${error.code} ${error.message}`,
    replicaDied,
  };
}

interface Sent {
  readonly replica: Replica;
  readonly isTaken: boolean;
  readonly message: Json | null;
  readonly session: string | null;
}

/** Once; to another replica where nothing listens any more, since then nothing was sent. */
async function send(
  { key, pick }: Target,
  headers: Record<string, string>,
  message: Json,
  onAsk: (message: Json) => Promise<void> = () => Promise.resolve(),
): Promise<Sent> {
  for (;;) {
    const replica = pick();
    try {
      const response = await fetch(`${replica.url}/mcp`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${key}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: "2.0", ...message }),
      });
      const session = response.headers.get("mcp-session-id");
      return { replica, isTaken: true, message: await readAnswer(response, onAsk), session };
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string };
      if (code === "ECONNREFUSED") continue;
      return { replica, isTaken: false, message: null, session: null };
    }
  }
}

async function readAnswer(
  response: Response,
  onAsk: (message: Json) => Promise<void>,
): Promise<Json | null> {
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("text/event-stream")) {
    const text = await response.text();
    return text === "" ? {} : (JSON.parse(text) as Json);
  }
  const body = response.body as unknown as AsyncIterable<Uint8Array>;
  for await (const { data } of readEvents(body, 1e7)) {
    const message = JSON.parse(data) as Json;
    if (message["method"] === undefined) return message;
    if (message["id"] !== undefined) void onAsk(message);
  }
  return null;
}
