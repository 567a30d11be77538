import type { KeyHolder } from "../authority/keyring.ts";
import { agentServer } from "../model/agent-tool.ts";
import { Fault } from "../model/index.ts";
import type { RunReport } from "../ports/run-desk.ts";
import type { BundleAnswersOptions } from "./bundle-answers.ts";
import { tenantOf } from "./tenant-of.ts";

export interface AgentsOptions extends BundleAnswersOptions {
  /** Of the revision that is serving. */
  readonly agents: () => StartableAgents;
}

type StartableAgents = Readonly<Record<string, StartableAgent>>;

interface StartableAgent {
  /** Absent: every server's tools, as at `/mcp`. */
  readonly toolset?: string | undefined;
  /** Those that it may call. */
  readonly agents: readonly string[];
}

/** A key for some toolsets reaches no others by way of an agent, or of one that this one calls. */
export function checkStart(
  { agents }: AgentsOptions,
  name: string,
  holder: KeyHolder | null,
): void {
  checkToolsets(agents(), { toolsets: [], agents: [name] }, holder);
}

/** What a fork reaches is in the bundle that it keeps, whatever its agent is configured as by now. */
export async function checkFork(
  { agents, bundles }: AgentsOptions,
  { bundle: digest }: RunReport,
  holder: KeyHolder | null,
): Promise<void> {
  if ((holder?.toolsets ?? null) === null) return;
  const kept = await bundles().read(tenantOf(holder), digest);
  if (kept === null) throw refuse();
  const { toolset, tools } = kept.bundle;
  const called = tools.filter(({ server }) => server === agentServer).map(({ tool }) => tool);
  checkToolsets(agents(), { toolsets: [toolset], agents: called }, holder);
}

interface Reached {
  readonly toolsets: readonly string[];
  readonly agents: readonly string[];
}

function checkToolsets(known: StartableAgents, first: Reached, holder: KeyHolder | null): void {
  const allowed = holder?.toolsets ?? null;
  if (allowed === null) return;
  const toolsets = new Set(first.toolsets);
  const agents = new Set(first.agents);
  for (const each of agents) {
    // One that is not there is not started.
    const agent = Object.hasOwn(known, each) ? known[each] : undefined;
    if (agent === undefined) continue;
    toolsets.add(agent.toolset ?? "");
    for (const callee of agent.agents) agents.add(callee);
  }
  if (![...toolsets].every((toolset) => allowed.includes(toolset))) throw refuse();
}

function refuse(): Fault {
  return new Fault("forbidden", "This key does not use the toolset of this agent.");
}
