import { usualContext } from "../model/agent-context.ts";
import type { Bundle } from "../model/bundle.ts";
import type { ContextSnapshot } from "../model/run-event.ts";
import { estimateTokens } from "../model/skill-text.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { ModelTool } from "../ports/model-backend.ts";
import { isAgentTool, listBundled, listOwn } from "./offered-tools.ts";
import { searchTool } from "./search-tool.ts";

export interface ChosenTools {
  readonly tools: readonly ModelTool[];
  /** There are more of them than are shown: the model looks for them. */
  readonly searches: boolean;
  /** Names of those that are left out, and why. */
  readonly dropped: readonly {
    readonly name: string;
    readonly why: Extract<
      ContextSnapshot["dropped"][number]["why"],
      "searched_for" | "not_offered"
    >;
  }[];
}

/** As many as say what is wrong; a server that is away may have a thousand. */
const mostDropped = 100;

/**
 * All tools of the bundle, where their definitions fit; else those of the run itself, its sub-agents and
 * what the model has found. Who has searched goes on searching, though a server is away for a while, and
 * what was found stands behind all else, in the bundle's order: requests begin alike as long as they can.
 */
export function chooseTools(
  bundle: Bundle,
  catalog: Catalog,
  found: readonly string[],
): ChosenTools {
  const { toolTokens } = bundle.context ?? usualContext;
  const bundled = listBundled(bundle, catalog);
  const own = listOwn(bundle);
  const there = new Map(bundled.map((tool) => [tool.name, tool]));
  if (found.length === 0 && sumTokens([...bundled, ...own]) <= toolTokens) {
    const missing = bundle.tools.map(({ exposed }) => exposed).filter((name) => !there.has(name));
    return { tools: [...bundled, ...own], searches: false, dropped: toMissing(missing) };
  }
  const fixed = listFixed(bundle, bundled, toolTokens);
  const sought = found.flatMap((name) => there.get(name) ?? []);
  const fitting = fit(
    sought.filter((tool) => !fixed.includes(tool)).toReversed(),
    toolTokens - sumTokens(fixed),
  );
  const left = sought.filter((tool) => !fixed.includes(tool) && !fitting.has(tool));
  return {
    tools: [...fixed, ...bundled.filter((tool) => fitting.has(tool))],
    searches: true,
    dropped: [
      ...toMissing(found.filter((name) => !there.has(name))),
      ...left.slice(-mostDropped).map(({ name }) => ({ name, why: "searched_for" as const })),
    ],
  };
}

function toMissing(names: readonly string[]): ChosenTools["dropped"] {
  return names.slice(0, mostDropped).map((name) => ({ name, why: "not_offered" }));
}

/** More sub-agents than fit are looked for as any other tool is. */
function listFixed(
  bundle: Bundle,
  bundled: readonly ModelTool[],
  toolTokens: number,
): readonly ModelTool[] {
  const own = [...listOwn(bundle), searchTool];
  const agents = bundled.filter(({ name }) => isAgentTool(bundle, name));
  const both = [...agents, ...own];
  return sumTokens(both) <= toolTokens ? both : own;
}

/** The newest first; one that alone is too long leaves its room to the others. */
function fit(newest: readonly ModelTool[], tokens: number): ReadonlySet<ModelTool> {
  const fitting = new Set<ModelTool>();
  let left = tokens;
  for (const tool of newest) {
    const size = toTokens(tool);
    if (size > left) continue;
    left -= size;
    fitting.add(tool);
  }
  return fitting;
}

export function sumTokens(tools: readonly ModelTool[]): number {
  return tools.reduce((sum, tool) => sum + toTokens(tool), 0);
}

const counted = new WeakMap<ModelTool, number>();

/** Counted once: a definition stays the same value for as long as its catalog has it. */
function toTokens(tool: ModelTool): number {
  const known = counted.get(tool);
  if (known !== undefined) return known;
  const tokens = estimateTokens(JSON.stringify(tool));
  counted.set(tool, tokens);
  return tokens;
}
