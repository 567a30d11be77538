import type { Json } from "../lib/strict-json.ts";
import { findMirrored } from "../mcp/find-mirrored.ts";
import { encodeHeaderValue } from "../mcp/header-value.ts";
import { mirrorParams, type Mirrored } from "../mcp/mirrored.ts";
import { metaKeys } from "../mcp/protocol.ts";
import { readEvents } from "../mcp/read-events.ts";
import { isObject, type Params } from "../mcp/read-message.ts";

/**
 * A client that speaks over standard streams, brought to the gate's HTTP: each line in is a request,
 * whatever comes back is a line out. Of either era; it keeps the session that the client does not know.
 */
export interface BridgeOptions {
  /** `/mcp` or `/mcp/<toolset>` of a running server. */
  readonly url: URL;
  readonly key: string;
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>;
  readonly lines: AsyncIterable<string>;
  readonly write: (line: string) => void;
  readonly pause: (signal: AbortSignal) => Promise<void>;
}

/** More at once than a desktop client has; then it is not read from until one ends. */
const maxUnderWay = 256;
const maxEventBytes = 256 * 1024 * 1024;

export async function bridge(options: BridgeOptions): Promise<void> {
  const line = new Bridge(options);
  const underWay = new Set<Promise<void>>();
  for await (const text of options.lines) {
    if (text.trim() === "") continue;
    const work = line.take(text).finally(() => underWay.delete(work));
    underWay.add(work);
    // A session begins with one message, and the others need what it brings.
    if (line.isOpening) await work;
    if (underWay.size >= maxUnderWay) await Promise.race(underWay);
  }
  await line.close();
  await Promise.allSettled(underWay);
}

class Bridge {
  readonly #options: BridgeOptions;
  readonly #gone = new AbortController();
  /** Requests under way, by their id as text: leaving one cancels it. */
  readonly #calls = new Map<string, AbortController>();
  readonly #mirrored = new Map<string, readonly Mirrored[]>();
  #session: { readonly id: string; readonly version: string } | null = null;
  #initialize: Params | null = null;
  isOpening = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  async take(text: string): Promise<void> {
    let message: Json;
    try {
      message = JSON.parse(text) as Json;
    } catch {
      return this.#say({ jsonrpc: "2.0", error: { code: -32_700, message: "This is not JSON." } });
    }
    // A batch, or what is no message at all, is for the gate to judge.
    if (!isObject(message)) return this.#exchange(text, null);
    if (message["method"] === "initialize") return this.#open(text, message);
    const isLeft = this.#leave(message);
    if (isLeft && this.#session === null) return;
    await this.#exchange(text, message);
    if (message["method"] === "notifications/initialized") void this.#stand();
  }

  /** The session ends with the client; calls that nobody reads the answer of are cancelled. */
  async close(): Promise<void> {
    this.#gone.abort();
    if (this.#session === null) return;
    const headers = this.#headersOf(null);
    const { url, fetch } = this.#options;
    await fetch(url, { method: "DELETE", headers }).catch(() => undefined);
  }

  async #open(text: string, message: Params): Promise<void> {
    this.isOpening = true;
    this.#initialize = message;
    this.#session = null;
    try {
      await this.#exchange(text, message);
    } finally {
      this.isOpening = false;
    }
  }

  /**
   * A cancelled request is left: in the modern era that is how it is cancelled, and in a session the
   * notification alone could overtake its request. True for a cancellation.
   */
  #leave({ method, params }: Params): boolean {
    if (method !== "notifications/cancelled" || !isObject(params)) return false;
    this.#calls.get(JSON.stringify(params["requestId"]))?.abort();
    return true;
  }

  async #exchange(text: string, message: Params | null): Promise<void> {
    const id = message === null ? undefined : message["id"];
    const isRequest = message !== null && id !== undefined && message["method"] !== undefined;
    const leave = new AbortController();
    const key = JSON.stringify(id);
    if (isRequest) this.#calls.set(key, leave);
    try {
      const signal = AbortSignal.any([leave.signal, this.#gone.signal]);
      await this.#post(text, message, signal);
    } catch (error) {
      if (leave.signal.aborted || this.#gone.signal.aborted || !isRequest) return;
      const { message: why } = error as Error;
      const data = { fault: "unreachable", why };
      const said = `Countersign does not answer at ${this.#options.url.origin}.`;
      this.#say({ jsonrpc: "2.0", id, error: { code: -32_603, message: said, data } });
    } finally {
      this.#calls.delete(key);
    }
  }

  async #post(text: string, message: Params | null, signal: AbortSignal): Promise<void> {
    const send = (): Promise<Response> =>
      this.#options.fetch(this.#options.url, {
        method: "POST",
        headers: { ...this.#headersOf(message), "content-type": "application/json" },
        body: text,
        signal,
      });
    let response = await send();
    if (response.status === 404 && this.#session !== null && (await this.#openAgain(signal)))
      response = await send();
    if (message?.["method"] === "initialize") this.#noteSession(response);
    await this.#relay(response, message);
  }

  /** A session that the gate has forgotten is opened anew with what the client said at first. */
  async #openAgain(signal: AbortSignal): Promise<boolean> {
    const message = this.#initialize;
    if (message === null) return false;
    this.#session = null;
    const { url, fetch } = this.#options;
    const headers = { ...this.#headersOf(message), "content-type": "application/json" };
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify(message),
      signal,
    });
    await this.#readSession(response);
    return this.#session !== null;
  }

  #noteSession(response: Response): void {
    const id = response.headers.get("mcp-session-id");
    if (id !== null) this.#session = { id, version: "" };
  }

  async #readSession(response: Response): Promise<void> {
    this.#noteSession(response);
    const body = (await response.json()) as Json;
    if (isObject(body)) this.#noteVersion(body);
  }

  #noteVersion({ result }: Params): void {
    const version = isObject(result) ? result["protocolVersion"] : undefined;
    if (this.#session !== null && this.#session.version === "" && typeof version === "string")
      this.#session = { ...this.#session, version };
  }

  async #relay(response: Response, message: Params | null): Promise<void> {
    const type = response.headers.get("content-type") ?? "";
    if (!type.startsWith("text/event-stream")) {
      const text = await response.text();
      if (text !== "") this.#pass(text, message);
      return;
    }
    const body = response.body as unknown as AsyncIterable<Uint8Array>;
    for await (const { data } of readEvents(body, maxEventBytes)) this.#pass(data, message);
  }

  /** As it came, on one line; an error without an id is that of the request it answers. */
  #pass(text: string, message: Params | null): void {
    const read = JSON.parse(text) as Json;
    if (!isObject(read)) return this.#write(text);
    if (message?.["method"] === "initialize") this.#noteVersion(read);
    if (message?.["method"] === "tools/list") this.#noteTools(read);
    const isOrphan = read["error"] !== undefined && read["id"] === undefined;
    if (!isOrphan) return this.#write(text);
    if (message?.["id"] !== undefined) this.#say({ ...read, id: message["id"] });
  }

  #noteTools({ result }: Params): void {
    const tools = isObject(result) ? result["tools"] : undefined;
    for (const tool of Array.isArray(tools) ? (tools as readonly Json[]) : []) {
      if (!isObject(tool) || typeof tool["name"] !== "string") continue;
      const mirrored = findMirrored(tool["inputSchema"] ?? {});
      if (typeof mirrored !== "string") this.#mirrored.set(tool["name"], mirrored);
    }
  }

  /** What no request asked for comes on a stream of its own, for as long as there is a session. */
  async #stand(): Promise<void> {
    const { signal } = this.#gone;
    const { url, fetch, pause } = this.#options;
    while (!signal.aborted && this.#session !== null) {
      try {
        const headers = { ...this.#headersOf(null), accept: "text/event-stream" };
        const response = await fetch(url, { headers, signal });
        if (response.status === 405) return;
        if (response.ok) await this.#relay(response, null);
        else await response.text();
      } catch {
        // The pause below, then another try.
      }
      await pause(signal).catch(() => undefined);
    }
  }

  #headersOf(message: Params | null): Record<string, string> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.#options.key}`,
      accept: "application/json, text/event-stream",
    };
    if (this.#session !== null) {
      headers["mcp-session-id"] = this.#session.id;
      if (this.#session.version !== "") headers["mcp-protocol-version"] = this.#session.version;
      return headers;
    }
    return message === null ? headers : { ...headers, ...this.#modernHeaders(message) };
  }

  /** The headers that mirror a modern message; none for a legacy one, whose `_meta` names no version. */
  #modernHeaders({ method, params }: Params): Record<string, string> {
    const meta = isObject(params) ? params["_meta"] : undefined;
    const version = isObject(meta) ? meta[metaKeys.version] : undefined;
    if (!isObject(params) || typeof version !== "string" || typeof method !== "string") return {};
    const headers: Record<string, string> = {
      "mcp-protocol-version": version,
      "mcp-method": method,
    };
    const name = method === "resources/read" ? params["uri"] : params["name"];
    if (/^(?:tools\/call|prompts\/get|resources\/read)$/.test(method) && typeof name === "string")
      headers["mcp-name"] = encodeHeaderValue(name);
    if (method === "tools/call" && typeof name === "string") {
      const mirrored = mirrorParams(this.#mirrored.get(name) ?? [], params["arguments"] ?? {});
      for (const [header, value] of Object.entries(mirrored))
        headers[`mcp-param-${header}`] = encodeHeaderValue(value);
    }
    return headers;
  }

  #say(message: object): void {
    this.#write(JSON.stringify(message));
  }

  /** Line ends can stand between the tokens of JSON, never inside one. */
  #write(text: string): void {
    this.#options.write(/[\r\n]/.test(text) ? text.replaceAll(/[\r\n]+/g, " ") : text);
  }
}
