import { OwnUpstream } from "../mcp/own-upstream.ts";
import type { Connector } from "../ports/upstream.ts";
import { callAgent, type AgentsOptions } from "./call-agent.ts";

export interface AgentsConnectorOptions extends AgentsOptions {
  readonly version: string;
}

/**
 * The server of our own behind which agents stand as tools. When it closes, whoever still waits is told how
 * far the run has come: it goes on without them.
 */
export function createAgentsConnector(options: AgentsConnectorOptions): Connector {
  return {
    async connect({ config }) {
      if (config.transport !== "internal") throw new Error("only our own server is in here");
      return new OwnUpstream({
        name: "countersign",
        version: options.version,
        tools: config.definitions,
        call: (request, closing) => callAgent(options, request, closing),
      });
    },
  };
}
