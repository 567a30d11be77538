import { usualContext, usualPrompt, type AgentContext } from "../model/agent-context.ts";
import type { ContextConfig, SourceConfig } from "../model/config-context.ts";
import { Fault } from "../model/index.ts";

/** How an agent's context is put together, as plain data. */
export function toBundledContext(agent: string, config: ContextConfig | undefined): AgentContext {
  if (config === undefined) return usualContext;
  const { window, toolTokens, compaction, sources } = config;
  const { at, keepTurns, maxTokens } = compaction;
  return {
    window,
    toolTokens,
    compaction: {
      at,
      keepTurns,
      model: compaction.model ?? null,
      maxTokens,
      prompt: compaction.prompt ?? usualPrompt,
    },
    sources: Object.entries(sources)
      .toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
      .map(([name, source]) => toSource(agent, name, source)),
  };
}

function toSource(agent: string, name: string, source: SourceConfig) {
  const common = { name, owner: source.owner ?? null, budget: source.budget };
  switch (source.kind) {
    case "text":
      return { ...common, kind: source.kind, text: source.text };
    case "file":
      throw new Fault("config_invalid", `The source ${name} of the agent ${agent} was not read.`);
    case "profile":
      return { ...common, kind: source.kind };
    default: {
      const { owner: _owner, budget: _budget, fresh, ...rest } = source;
      return { ...common, ...rest, freshMs: fresh ?? null };
    }
  }
}
