import type { KeyHolder } from "../authority/keyring.ts";
import { Fault } from "../model/index.ts";

export type StartableAgents = Readonly<Record<string, StartableAgent>>;

interface StartableAgent {
  /** Absent: every server's tools, as at `/mcp`. */
  readonly toolset?: string | undefined;
  /** Those that it may call. */
  readonly agents: readonly string[];
}

/** A key for some toolsets reaches no others by way of an agent, or of one that this one calls. */
export function checkToolsets(
  agents: StartableAgents,
  name: string,
  holder: KeyHolder | null,
): void {
  const allowed = holder?.toolsets ?? null;
  if (allowed === null) return;
  const seen = new Set([name]);
  for (const each of seen) {
    const agent = Object.hasOwn(agents, each) ? agents[each] : undefined;
    if (agent === undefined) continue;
    if (!allowed.includes(agent.toolset ?? ""))
      throw new Fault("forbidden", "This key does not use the toolset of this agent.");
    for (const callee of agent.agents) seen.add(callee);
  }
}
