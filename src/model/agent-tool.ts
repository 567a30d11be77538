import { toCanonicalText } from "./canonical.ts";
import { toDigest, type Digest } from "./digest.ts";
import { toExposedName } from "./tool-name.ts";

/** The server of our own that offers agents as tools to agents. No server of a document may have its name. */
export const agentServer = "agents";

/** Isolation of what runs within Countersign itself. */
export const internalIsolation = "internal";

/** What a sub-agent does, its own calls do, each by its own rules; to start one is an effect. */
export const agentToolEffect = "write" as const;

export interface AgentTool {
  /** `agents__NAME`. */
  readonly exposed: string;
  /** As its server calls it: the agent's name. */
  readonly name: string;
  /** As it is listed. */
  readonly definition: AgentToolDefinition;
  /** Of the definition, as the registry digests those of other servers. */
  readonly pin: Digest;
}

export interface AgentToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: typeof agentInputSchema;
}

/** What every agent is asked with. */
const agentInputSchema = Object.freeze({
  type: "object",
  properties: Object.freeze({
    task: Object.freeze({
      type: "string",
      description: "What is to be done, with everything that has to be known for it.",
      minLength: 1,
      maxLength: 262_144,
    }),
  }),
  required: Object.freeze(["task"] as const),
  additionalProperties: false,
} as const);

/** An agent as a tool of another. */
export function toAgentTool(name: string, description: string): AgentTool {
  const definition = Object.freeze({ name, description, inputSchema: agentInputSchema });
  return Object.freeze({
    exposed: toExposedName(agentServer, name),
    name,
    definition,
    pin: toDigest(toCanonicalText(definition)),
  });
}
