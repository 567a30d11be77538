import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import type {
  Upstream,
  UpstreamAnswer,
  UpstreamFacts,
  UpstreamRequest,
} from "../ports/upstream.ts";
import { modernVersion } from "./protocol.ts";
import { isObject } from "./read-message.ts";
import { rpcCodes } from "./rpc-error.ts";

/** A server of our own: the gate reaches it as it reaches any, and nothing goes over a wire. */
export interface OwnServer {
  readonly name: string;
  readonly version: string;
  /** Definitions, as a list has them; they do not change, and there are no resources. */
  readonly tools: readonly object[];
  /** `closing` fires when the connection is closed: whoever still waits does not wait on. */
  call(request: UpstreamRequest, closing: AbortSignal): Promise<UpstreamAnswer>;
}

export class OwnUpstream implements Upstream {
  readonly sandbox = null;
  readonly facts: UpstreamFacts;
  readonly #server: OwnServer;
  readonly #closing = new AbortController();
  #outstanding = 0;

  constructor(server: OwnServer) {
    const { name, version } = server;
    this.#server = server;
    this.facts = {
      era: "modern",
      version: modernVersion,
      serverInfo: { name, version },
      capabilities: { tools: {} },
      instructions: null,
    };
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    if (request.method === "tools/list") {
      request.beforeWrite();
      return toOwnAnswer({ tools: this.#server.tools as unknown as Json });
    }
    if (request.method !== "tools/call") {
      const message = `There is no method ${request.method}.`;
      return { kind: "error", error: { code: rpcCodes.methodNotFound, message } };
    }
    this.#outstanding += 1;
    try {
      return await this.#server.call(request, this.#closing.signal);
    } finally {
      this.#outstanding -= 1;
    }
  }

  async watch(): Promise<void> {}

  async close(): Promise<void> {
    this.#closing.abort();
  }
}

export function toOwnAnswer(
  members: Readonly<Record<string, Json>>,
): Extract<UpstreamAnswer, { kind: "result" }> {
  const value = { resultType: "complete", ...members };
  return { kind: "result", text: JSON.stringify(value), value };
}

/** The gate has checked them against the tool's schema. Null: there are none. */
export function readOwnArguments({
  members,
}: UpstreamRequest): Readonly<Record<string, Json>> | null {
  const read = parseStrictJson(`{${members}}`);
  const params = read.kind === "parsed" && isObject(read.value) ? read.value : {};
  const args = params["arguments"];
  return isObject(args) ? args : null;
}
