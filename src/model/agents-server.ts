import { mapValues } from "../lib/map-values.ts";
import { agentServer, agentToolEffect, toAgentTool } from "./agent-tool.ts";
import type { AgentConfig } from "./config-agents.ts";
import type { MemoryConfig } from "./config-memory.ts";
import type {
  InternalServerConfig,
  ServerConfig,
  ToolConfig,
  WrittenServerConfig,
} from "./config-servers.ts";
import { toWorkbenchConfig } from "./config-workbench.ts";
import { toMemoryServer } from "./memory-server.ts";
import { memoryServer } from "./memory-tools.ts";

interface WithAgents {
  readonly servers: Readonly<Record<string, WrittenServerConfig>>;
  readonly agents: Readonly<Record<string, Pick<AgentConfig, "description">>>;
  readonly memory?: MemoryConfig | undefined;
}

/** The servers of a configuration, our own ones whole: workbenches, and the one that offers its agents as tools. */
export function listServers({
  servers,
  agents,
  memory,
}: WithAgents): Readonly<Record<string, ServerConfig>> {
  const whole = mapValues(servers, toServerConfig);
  return {
    ...whole,
    ...(Object.keys(agents).length === 0 ? {} : { [agentServer]: toAgentsServer(agents) }),
    ...(memory === undefined ? {} : { [memoryServer]: toMemoryServer(memory) }),
  };
}

function toServerConfig(written: WrittenServerConfig): ServerConfig {
  return written.transport === "workbench" ? toWorkbenchConfig(written) : written;
}

/** Member of `_meta` in which an agent as a tool takes the key of the run that it starts. */
export const agentKeyMember = "dev.countersign/run-key";

/** As long as any call may take: whoever waits for a run has a time of its own. */
const timeoutMs = 3_600_000;
/** Callers that wait for runs at once. */
const concurrency = 1_000;
const queue = 256;

function toAgentsServer(agents: WithAgents["agents"]): InternalServerConfig {
  const names = Object.keys(agents);
  // What its run costs is counted where that is spent.
  const tool: ToolConfig = {
    effect: agentToolEffect,
    idempotent: false,
    price: 0,
    idempotencyKey: agentKeyMember,
  };
  return Object.freeze({
    transport: "internal",
    definitions: names.map((name) => toAgentTool(name, agents[name]!.description).definition),
    startsRuns: true,
    timeout: timeoutMs,
    concurrency,
    queue,
    effect: agentToolEffect,
    // Rules of its own calls decide what leaves; they do not know what its caller has read.
    outward: true,
    // An agent says what it has read, and that may come from anywhere.
    labels: ["untrusted"],
    tools: Object.fromEntries(names.map((name) => [name, tool])),
  } satisfies InternalServerConfig);
}
