import type { Decision, Principal } from "../model/index.ts";
import type { Asker } from "./judge.ts";
import { findPossible, type Possible, type PossibleQuestion } from "./possible.ts";
import type { Scene, SceneLimits, SceneTool } from "./scene.ts";
import { distinct, type Truth } from "./truth.ts";

/** Whose: a principal, an agent whoever it acts for, or whoever uses a toolset. */
export interface BlastQuestion {
  readonly principal: Principal | null;
  readonly roles: readonly string[];
  /** Alone it is asked for every subject; with a principal it is that one's actor. */
  readonly agent: Principal | null;
  readonly isBundleKnown: boolean;
  /** Null: any. */
  readonly toolset: string | null;
}

/** What could be done at worst. It says more than is possible rather than less. */
export interface BlastRadius {
  readonly summary: string;
  readonly tools: readonly BlastTool[];
  /** Servers that were never listed: what they offer is not in it. */
  readonly unseen: readonly string[];
}

export interface BlastTool {
  readonly tool: string;
  readonly server: string;
  readonly decision: Decision["kind"] | "depends";
  readonly possible: readonly Decision["kind"][];
  /** What it depends on; nothing where it does not. */
  readonly on: readonly string[];
  /** Rules that could apply. */
  readonly rules: readonly string[];
  readonly effect: SceneTool["effect"];
  readonly outward: boolean;
  readonly credentials: readonly string[];
  readonly limits: SceneLimits;
}

/** Lets others go on, in the middle of what takes long. */
export type Pause = () => Promise<void>;
const toolsAtOnce = 20;

export async function findBlastRadius(
  scene: Scene,
  question: BlastQuestion,
  pause: Pause,
): Promise<BlastRadius> {
  const { toolset } = question;
  const offered = toolset === null ? null : (scene.toolsets.get(toolset) ?? new Set<string>());
  const asked = [...scene.tools.values()].filter(({ id }) => offered === null || offered.has(id));
  const askers = toAskers(question).map((asker) => ({ asker, memo: new Map<string, Truth>() }));
  const tools: BlastTool[] = [];
  for (const [index, tool] of asked.entries()) {
    if (index % toolsAtOnce === toolsAtOnce - 1) await pause();
    tools.push(toBlastTool(scene, tool, { ...question, askers }));
  }
  const servers = new Set(tools.map(({ server }) => server));
  return {
    tools: tools.toSorted(byWorst),
    summary: summarise(tools, servers.size),
    unseen: scene.unseen,
  };
}

interface Asking extends BlastQuestion {
  readonly askers: readonly Pick<PossibleQuestion, "asker" | "memo">[];
}

function toBlastTool(scene: Scene, tool: SceneTool, asking: Asking): BlastTool {
  const { id, server, effect, outward } = tool;
  const slice = scene.set.sliceOf(tool);
  const { toolset, isBundleKnown, askers } = asking;
  const sides = askers.map((each) =>
    findPossible(slice, { ...each, target: tool, toolset, isBundleKnown }),
  );
  const { decisions, on, rules } = sides.reduce(strictest);
  const possible = (["allow", "ask", "deny"] as const).filter((kind) => decisions.has(kind));
  const { credentials, limits } = scene.servers.get(server)!;
  return {
    tool: id,
    server,
    decision: possible.length === 1 ? possible[0]! : "depends",
    possible,
    on: possible.length === 1 ? [] : on,
    rules,
    effect,
    outward,
    credentials,
    limits,
  };
}

function toAskers({ principal, roles, agent }: BlastQuestion): readonly (Asker | null)[] {
  const askers: Asker[] = [];
  if (principal !== null) askers.push({ principal, roles, as: "subject" });
  if (agent !== null) askers.push({ principal: agent, roles: [], as: "agent" });
  return askers.length === 0 ? [null] : askers;
}

/** As `combine` does with two decisions, with every pair of those that are possible. */
function strictest(one: Possible, other: Possible): Possible {
  const decisions = new Set<Decision["kind"]>();
  for (const mine of one.decisions) {
    for (const theirs of other.decisions) {
      const both = [mine, theirs];
      decisions.add(both.includes("deny") ? "deny" : both.includes("ask") ? "ask" : "allow");
    }
  }
  return {
    decisions,
    on: distinct([...one.on, ...other.on]),
    rules: distinct([...one.rules, ...other.rules]),
  };
}

const effects = ["destructive", "write", "read"] as const;
const kinds = ["allow", "ask", "deny"] as const;

/** First what could happen without a person, then by what it does, then what goes out. */
function byWorst(one: BlastTool, other: BlastTool): number {
  const rank = ({ possible, effect, outward }: BlastTool): readonly number[] => [
    kinds.indexOf(possible[0]!),
    effects.indexOf(effect),
    outward ? 0 : 1,
    possible.length,
  ];
  const [mine, theirs] = [rank(one), rank(other)];
  const differing = mine.findIndex((value, index) => value !== theirs[index]);
  if (differing >= 0) return mine[differing]! - theirs[differing]!;
  return one.tool < other.tool ? -1 : 1;
}

function summarise(tools: readonly BlastTool[], servers: number): string {
  const reached = tools.filter(({ possible }) => possible.includes("allow"));
  const always = reached.filter(({ decision }) => decision === "allow").length;
  const asked = tools.filter(({ possible }) => possible[0] === "ask").length;
  const effectful = reached.filter(({ effect }) => effect !== "read");
  const destructive = effectful.filter(({ effect }) => effect === "destructive").length;
  const outward = reached.filter((each) => each.outward).length;
  return (
    `Of ${plural(tools.length, "tool")} on ${plural(servers, "server")}: ${reached.length} can be called without a person ` +
    `(${always} always, ${reached.length - always} depending), ${asked} after asking, ` +
    `${tools.length - reached.length - asked} never. Without a person: ` +
    `${effectful.length} with an effect (${destructive} destructive), ${outward} outward.`
  );
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
