import { didYouMean } from "../lib/closest.ts";
import type { AgentContext } from "../model/agent-context.ts";
import type { BundledTool } from "../model/bundle.ts";
import { Fault } from "../model/index.ts";

/** Servers that are asked for resources and prompts: a part of the bundle, though none of their tools is. */
export function listSourceServers(
  agent: string,
  { sources }: AgentContext,
  servers: readonly string[],
): readonly string[] {
  return sources.flatMap((source) => {
    if (source.kind !== "resource" && source.kind !== "prompt") return [];
    const { name, server } = source;
    if (servers.includes(server)) return [server];
    const message = `names ${server}, which is no server of its toolset`;
    throw refused(`agents.${agent}.context.sources.${name}.server`, message, [server, servers]);
  });
}

/** What a source asks, and what it is read again after, are tools of the agent: a run asks no others. */
export function refuseStrangeSources(
  agent: string,
  { sources, window }: AgentContext,
  tools: readonly BundledTool[],
): void {
  const together = sources.reduce((sum, { budget }) => sum + budget, 0);
  if (together > window) {
    const message = `may take ${together} tokens by their budgets, and the window has ${window}`;
    throw refused(`agents.${agent}.context.sources`, message, null);
  }
  const names = tools.map(({ exposed }) => exposed);
  for (const source of sources) {
    const place = `agents.${agent}.context.sources.${source.name}`;
    if (source.kind === "text" || source.kind === "profile") continue;
    for (const [index, after] of source.after.entries())
      if (!names.includes(after))
        throw refused(`${place}.after[${index}]`, strange(after), [after, names]);
    if (source.kind === "tool") refuseStrangeTool(place, source, tools);
  }
}

function refuseStrangeTool(
  place: string,
  { tool: wanted, args, from }: Extract<AgentContext["sources"][number], { kind: "tool" }>,
  tools: readonly BundledTool[],
): void {
  const tool = tools.find(({ exposed }) => exposed === wanted);
  const names = tools.map(({ exposed }) => exposed);
  if (tool === undefined) throw refused(`${place}.tool`, strange(wanted), [wanted, names]);
  if (tool.effect !== "read")
    throw refused(`${place}.tool`, `names ${wanted}, which does more than read`, null);
  const doubled = Object.keys(from).find((name) => Object.hasOwn(args, name));
  if (doubled !== undefined)
    throw refused(`${place}.from.${doubled}`, "stands among args, too", null);
}

const strange = (tool: string): string => `names ${tool}, which is none of the agent's tools`;

function refused(
  place: string,
  message: string,
  near: readonly [wanted: string, known: readonly string[]] | null,
): Fault {
  const hint = near === null ? "" : didYouMean(...near);
  return new Fault("config_invalid", `${place} ${message}.${hint}`, { details: { place } });
}
