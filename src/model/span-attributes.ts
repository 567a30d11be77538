/**
 * Which names go out, in one place. The conventions for generative AI are in development and have renamed
 * things before: they are pinned to the state of this version, and change here or not at all.
 */
export const conventions = "1.41.0";

/** Of ours, and of those that the conventions do not have. */
const own = {
  "countersign.run": "string",
  "countersign.bundle": "string",
  "countersign.fork_of": "string",
  "countersign.step": "int",
  "countersign.ordinal": "int",
  "countersign.attempt": "int",
  "countersign.outcome": "string",
  "countersign.effect": "string",
  "countersign.entry": "string",
  "countersign.server": "string",
  "countersign.is_error": "bool",
  /** Of a call: from when it was asked for to its end, without what it waited before. */
  "countersign.active_ms": "int",
  "countersign.summary": "bool",
  "countersign.retry_at": "string",
  "countersign.wait": "string",
  "countersign.approval": "string",
  "countersign.decision": "string",
  "countersign.skill": "string",
  "countersign.why": "string",
  "countersign.child": "string",
} as const;

/** By name: what kind of value it has. */
export const attributes = {
  "gen_ai.operation.name": "string",
  "gen_ai.provider.name": "string",
  "gen_ai.agent.name": "string",
  "gen_ai.conversation.id": "string",
  "gen_ai.request.model": "string",
  "gen_ai.response.finish_reasons": "strings",
  "gen_ai.usage.input_tokens": "int",
  "gen_ai.usage.output_tokens": "int",
  "gen_ai.usage.cache_read.input_tokens": "int",
  "gen_ai.usage.cache_creation.input_tokens": "int",
  "gen_ai.usage.reasoning.output_tokens": "int",
  "gen_ai.tool.name": "string",
  "gen_ai.tool.call.id": "string",
  "gen_ai.tool.type": "string",
  "gen_ai.data_source.id": "string",
  "mcp.method.name": "string",
  "error.type": "string",
  /** Read by Langfuse. */
  "gen_ai.usage.cost": "double",
  /** Read by Phoenix, as all of OpenInference. */
  "openinference.span.kind": "string",
  "session.id": "string",
  "user.id": "string",
  "llm.model_name": "string",
  "llm.token_count.prompt": "int",
  "llm.token_count.completion": "int",
  "llm.token_count.total": "int",
  "llm.token_count.prompt_details.cache_read": "int",
  "llm.token_count.prompt_details.cache_write": "int",
  "llm.token_count.completion_details.reasoning": "int",
  "llm.cost.total": "double",
  "tool.name": "string",
  "input.value": "string",
  "output.value": "string",
  ...own,
} as const satisfies Readonly<Record<string, "string" | "int" | "double" | "bool" | "strings">>;

interface ValueOf {
  readonly string: string;
  readonly int: number;
  readonly double: number;
  readonly bool: boolean;
  readonly strings: readonly string[];
}

export type AttributeName = keyof typeof attributes;
export type Attributes = {
  readonly [Name in AttributeName]?: ValueOf[(typeof attributes)[Name]];
};
