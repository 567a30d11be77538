import { readEvents } from "../../src/mcp/read-events.ts";
import { callerKey } from "./gate-under-test.ts";

type Json = Record<string, unknown>;

/** What the person or model behind a client says when it is asked. */
export type Answerer = (method: string, params: Json) => Json;

/** A client written from the specification: what the two eras have in common, as a test sees it. */
export interface RawClient {
  request(method: string, params?: Json, options?: RequestOptions): Promise<Json>;
  /** Notifications that came since, whatever stream they came on. */
  readonly notifications: { method: string; params: Json }[];
  /** Begins to listen to lists and to these resources. */
  listen(uris: readonly string[]): Promise<void>;
  /** What it was asked in the middle of calls. */
  readonly asked: { method: string; params: Json }[];
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly progressToken?: string;
}

export const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

export interface ClientOptions {
  readonly url: string;
  readonly answer: Answerer;
  readonly key?: string;
  readonly capabilities?: Json;
}

const common = (key: string) => ({
  authorization: `Bearer ${key}`,
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
});

const version = "2026-07-28";

export function createModernClient({
  url,
  answer,
  key = callerKey,
  capabilities: declared = capabilities,
}: ClientOptions): RawClient {
  const notifications: RawClient["notifications"] = [];
  const asked: RawClient["asked"] = [];
  let nextId = 1;

  async function once(method: string, params: Json, options: RequestOptions): Promise<Json> {
    const meta = {
      ...(params["_meta"] as Json | undefined),
      "io.modelcontextprotocol/protocolVersion": version,
      "io.modelcontextprotocol/clientCapabilities": declared,
      ...(options.progressToken === undefined ? {} : { progressToken: options.progressToken }),
    };
    const name = params["name"] ?? params["uri"];
    const isNamed = ["tools/call", "prompts/get", "resources/read"].includes(method);
    const id = nextId++;
    const response = await fetch(url, {
      method: "POST",
      headers: {
        ...common(key),
        "mcp-protocol-version": version,
        "mcp-method": method,
        ...(isNamed ? { "mcp-name": String(name) } : {}),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: meta } }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return readAnswer(response, id, (message) => void notifications.push(message as never));
  }

  return {
    notifications,
    asked,
    async request(method, params = {}, options = {}) {
      let given: Json = params;
      for (;;) {
        const message = await once(method, given, options);
        const result = message["result"] as Json | undefined;
        if (result?.["resultType"] !== "input_required") return message;
        const wanted = Object.entries(
          (result["inputRequests"] ?? {}) as Record<string, { method: string; params: Json }>,
        );
        for (const [, each] of wanted) asked.push(each);
        const inputResponses = Object.fromEntries(
          wanted.map(([name, each]) => [name, answer(each.method, each.params)]),
        );
        const state = result["requestState"];
        given = {
          ...params,
          inputResponses,
          ...(state === undefined ? {} : { requestState: state }),
        };
      }
    },
    async listen(uris) {
      const meta = {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": declared,
      };
      const wanted = {
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: uris,
      };
      const response = await fetch(url, {
        method: "POST",
        headers: {
          ...common(key),
          "mcp-protocol-version": version,
          "mcp-method": "subscriptions/listen",
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: nextId++,
          method: "subscriptions/listen",
          params: { notifications: wanted, _meta: meta },
        }),
      });
      await follow(response, notifications);
    },
  };
}

export async function createLegacyClient(
  options: ClientOptions,
  protocolVersion = "2025-11-25",
): Promise<RawClient> {
  const { url, answer, key = callerKey, capabilities: declared = capabilities } = options;
  const notifications: RawClient["notifications"] = [];
  const asked: RawClient["asked"] = [];
  let nextId = 1;
  let session: Record<string, string> = {};
  const post = (message: Json, signal?: AbortSignal) =>
    fetch(url, {
      method: "POST",
      headers: { ...common(key), ...session },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
      ...(signal === undefined ? {} : { signal }),
    });
  const initialized = await post({
    id: nextId++,
    method: "initialize",
    params: { protocolVersion, capabilities: declared, clientInfo: { name: "raw", version: "1" } },
  });
  session = {
    "mcp-session-id": initialized.headers.get("mcp-session-id")!,
    "mcp-protocol-version": protocolVersion,
  };
  await initialized.text();
  await post({ method: "notifications/initialized" }).then((response) => response.text());

  const onMessage = (message: Json): void => {
    if (message["id"] === undefined) return void notifications.push(message as never);
    const { method, params } = message as { method: string; params: Json };
    asked.push({ method, params });
    void post({ id: message["id"], result: answer(method, params) }).then((response) =>
      response.text(),
    );
  };

  return {
    notifications,
    asked,
    async request(method, params = {}, { signal, progressToken } = {}) {
      const meta = progressToken === undefined ? {} : { _meta: { progressToken } };
      const id = nextId++;
      const onAbort = (): void => {
        void post({ method: "notifications/cancelled", params: { requestId: id } }).then(
          (response) => response.text(),
        );
      };
      signal?.addEventListener("abort", onAbort);
      const response = await post({ id, method, params: { ...params, ...meta } }, signal);
      return readAnswer(response, id, onMessage);
    },
    async listen(uris) {
      const response = await fetch(url, {
        headers: { ...common(key), ...session, accept: "text/event-stream" },
      });
      const following = follow(response, notifications);
      for (const uri of uris)
        await (await post({ id: nextId++, method: "resources/subscribe", params: { uri } })).text();
      await following;
    },
  };
}

async function readAnswer(
  response: Response,
  id: number,
  onMessage: (message: Json) => void,
): Promise<Json> {
  if (!(response.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
    return { status: response.status, ...((await response.json()) as Json) };
  }
  for await (const { data } of readEvents(
    response.body as unknown as AsyncIterable<Uint8Array>,
    1e8,
  )) {
    const message = JSON.parse(data) as Json;
    if (message["id"] === id && message["method"] === undefined) return { status: 200, ...message };
    onMessage(message);
  }
  throw new Error("the stream ended without an answer");
}

/** Resolves once the stream is open; what comes on it is collected until it ends. */
async function follow(
  response: Response,
  notifications: RawClient["notifications"],
): Promise<void> {
  if (response.status !== 200)
    throw new Error(`no stream: ${response.status} ${await response.text()}`);
  void (async () => {
    for await (const { data } of readEvents(
      response.body as unknown as AsyncIterable<Uint8Array>,
      1e8,
    )) {
      notifications.push(JSON.parse(data) as never);
    }
  })().catch(() => undefined);
}
