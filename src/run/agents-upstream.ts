import { modernVersion } from "../mcp/protocol.ts";
import { rpcCodes } from "../mcp/rpc-error.ts";
import type { InternalServerConfig } from "../model/config-servers.ts";
import type { Json } from "../lib/strict-json.ts";
import type {
  Connector,
  Upstream,
  UpstreamAnswer,
  UpstreamFacts,
  UpstreamRequest,
} from "../ports/upstream.ts";
import { callAgent, type AgentsOptions } from "./call-agent.ts";
import { toAnswer } from "./to-agent-answer.ts";

export interface AgentsConnectorOptions extends AgentsOptions {
  readonly version: string;
}

/** The server of our own behind which agents stand as tools: the gate reaches it as it reaches any. */
export function createAgentsConnector(options: AgentsConnectorOptions): Connector {
  return {
    async connect({ config }) {
      if (config.transport !== "internal") throw new Error("only our own server is in here");
      return new AgentsUpstream(options, config.definitions);
    },
  };
}

class AgentsUpstream implements Upstream {
  readonly sandbox = null;
  readonly facts: UpstreamFacts;
  readonly #options: AgentsOptions;
  readonly #definitions: InternalServerConfig["definitions"];
  readonly #closing = new AbortController();
  #outstanding = 0;

  constructor(options: AgentsConnectorOptions, definitions: InternalServerConfig["definitions"]) {
    this.#options = options;
    this.#definitions = definitions;
    this.facts = {
      era: "modern",
      version: modernVersion,
      serverInfo: { name: "countersign", version: options.version },
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
      return toAnswer({ tools: this.#definitions as unknown as Json });
    }
    if (request.method !== "tools/call") {
      const message = `There is no method ${request.method}.`;
      return { kind: "error", error: { code: rpcCodes.methodNotFound, message } };
    }
    this.#outstanding += 1;
    try {
      return await callAgent(this.#options, request, this.#closing.signal);
    } finally {
      this.#outstanding -= 1;
    }
  }

  /** Lists of one revision do not change, and there are no resources. */
  async watch(): Promise<void> {}

  /** Whoever still waits is told how far the run has come: it goes on without them. */
  async close(): Promise<void> {
    this.#closing.abort();
  }
}
