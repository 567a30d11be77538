import { didYouMean } from "../lib/closest.ts";
import { parseStrictJson } from "../lib/strict-json.ts";
import { agentServer } from "../model/agent-tool.ts";
import type { Bundle } from "../model/bundle.ts";
import { toExposedName } from "../model/index.ts";
import type { PlannedCall } from "../model/run-event.ts";
import type { Catalog, CatalogTool } from "../ports/catalog.ts";
import type { ModelTool } from "../ports/model-backend.ts";
import { findToolsTool } from "../model/skill-listing.ts";
import { hasSkillTool, skillTool } from "./skill-tool.ts";
import { isWaitTool, waitTools } from "./wait-tools.ts";

/** What a run does with itself. */
export function listOwn({ waits, skills }: Bundle): readonly ModelTool[] {
  return [...(waits ? waitTools : []), ...(skills.length > 0 ? [skillTool] : [])];
}

/**
 * The tools of the bundle that are there, as they were when the run began. One that was accepted as
 * another since is not called for it, so it is not shown either (I7).
 */
export function listBundled(bundle: Bundle, catalog: Catalog): readonly ModelTool[] {
  const offered = bundle.tools.flatMap(({ exposed, pin }) => {
    const tool = findTool(bundle, catalog, exposed);
    return tool === undefined || tool.pin !== pin ? [] : [toModelTool(tool)];
  });
  const own = new Set([...listOwn(bundle).map(({ name }) => name), findToolsTool]);
  // A server's tool that is called like one of the run's own would never be reached by that name.
  return offered.filter(({ name }) => !own.has(name));
}

export function findTool(bundle: Bundle, catalog: Catalog, exposed: string) {
  return catalog.toolsets.get(toToolset(bundle, exposed))?.tools.get(exposed);
}

const ofAgents = toExposedName(agentServer, "");

/** Sub-agents are named by their caller, so that its toolset does not have to offer them, too. */
export function toToolset(bundle: Bundle, exposed: string): string {
  return isAgentTool(bundle, exposed) ? "" : bundle.toolset;
}

export function isAgentTool({ tools }: Bundle, exposed: string): boolean {
  return (
    exposed.startsWith(ofAgents) &&
    tools.some((each) => each.exposed === exposed && each.server === agentServer)
  );
}

const known = new WeakMap<CatalogTool, ModelTool>();

function toModelTool(tool: CatalogTool): ModelTool {
  const made = known.get(tool);
  if (made !== undefined) return made;
  const read = parseStrictJson(tool.text);
  const schema = read.kind === "parsed" ? toSchema(read.value) : {};
  const one = { name: tool.exposed, description: tool.description, schema };
  known.set(tool, one);
  return one;
}

function toSchema(definition: unknown): ModelTool["schema"] {
  const { inputSchema } = definition as { readonly inputSchema?: ModelTool["schema"] };
  return inputSchema ?? { type: "object" };
}

/** What a call of it would do; `refused` with the reason where there is nothing to call. */
export function toEffect(
  tool: string,
  bundle: Bundle,
  catalog: Catalog,
): { readonly effect: PlannedCall["effect"]; readonly why: string | null } {
  if (bundle.waits && isWaitTool(tool)) return { effect: "wait", why: null };
  if (hasSkillTool(bundle, tool)) return { effect: "skill", why: null };
  // Whether or not it searches now: a name does not come to mean another tool when a server goes away.
  if (tool === findToolsTool) return { effect: "find", why: null };
  const bundled = bundle.tools.find(({ exposed }) => exposed === tool);
  if (bundled === undefined) {
    const offered = bundle.tools.map(({ exposed }) => exposed);
    const named = `There is no tool ${tool.slice(0, 64).toWellFormed()}.`;
    return { effect: "refused", why: `${named}${didYouMean(tool, offered)}` };
  }
  if (bundled.server === agentServer) return { effect: "agent", why: null };
  // The stricter of what it was and what it is.
  const now = findTool(bundle, catalog, tool)?.effect ?? bundled.effect;
  return { effect: worse(now, bundled.effect), why: null };
}

const order = ["read", "write", "destructive"] as const;

function worse(one: (typeof order)[number], other: (typeof order)[number]) {
  return order[Math.max(order.indexOf(one), order.indexOf(other))]!;
}
