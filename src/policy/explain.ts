import type { Decision, Digest } from "../model/index.ts";
import { NotExact } from "./argument-type.ts";
import { holds, type CedarValue } from "./cedar.ts";
import { readContext } from "./context.ts";
import { createDecide, Memo } from "./decide.ts";
import type { Facts } from "./facts.ts";
import { judgeInPasses, toRequest, type Asker, type Discharged } from "./judge.ts";
import type { Slice } from "./policy-set.ts";
import type { Rule } from "./rules.ts";
import type { Scene } from "./scene.ts";
import type { PolicyTarget } from "./target.ts";

/** A decision with everything that it came from. */
export interface Explanation {
  readonly decision: Decision;
  readonly target: PolicyTarget;
  readonly slice: Digest;
  readonly rules: readonly ExplainedRule[];
  /** What of the context the rules were told, and nothing else; null where it cannot be told exactly. */
  readonly context: Readonly<Record<string, CedarValue>> | null;
  /** Whether the same question again is answered from memory, and else why not. */
  readonly kept: boolean;
  readonly keptWhy: string;
}

export interface ExplainedRule {
  readonly id: string;
  readonly source: string;
  readonly line: number;
  readonly effect: "permit" | "forbid";
  readonly gives: "approval" | "obligation" | null;
  readonly reads: readonly string[];
  /** Of the subject, and of the agent that acts for it. */
  readonly applied: readonly RuleApplied[];
}

export interface RuleApplied {
  readonly as: Asker["as"];
  /** With nothing discharged. */
  readonly first: Held;
  /** As if what was asked for had been given; null where it was not asked a second time. */
  readonly second: Held | null;
}
export type Held = "yes" | "no" | "error";

export function explain(scene: Scene, target: PolicyTarget, facts: Facts): Explanation {
  const slice = scene.set.sliceOf(target);
  const decision = createDecide(scene.set, target, new Memo(2))(facts);
  const context = tryContext(slice, facts);
  const askers: readonly Asker["as"][] =
    facts.principal.actor === null ? ["subject"] : ["subject", "agent"];
  const sides =
    context === null ? [] : askers.map((as) => toSide(slice, { as, target, facts, context }));
  return {
    decision,
    target,
    slice: slice.digest,
    context,
    rules: [...slice.rules.values()].map((rule) => toExplained(rule, sides)),
    ...toKept(slice, context),
  };
}

interface Side {
  readonly as: Asker["as"];
  readonly hold: (rule: Rule, pass: number) => Held | null;
}

interface SideOptions {
  readonly as: Asker["as"];
  readonly target: PolicyTarget;
  readonly facts: Facts;
  readonly context: Readonly<Record<string, CedarValue>>;
}

/** The passes are those that the decision took, no others. */
function toSide(slice: Slice, { as, target, facts, context }: SideOptions): Side {
  const { principal, roles, approved } = facts;
  const question = { asker: { principal, roles, as }, target, context, approved };
  const { passes } = judgeInPasses(slice, question);
  const hold = ({ head }: Rule, pass: number): Held | null => {
    const discharged: Discharged | undefined = passes[pass];
    return discharged === undefined ? null : holds(head, toRequest(question, discharged));
  };
  return { as, hold };
}

function toExplained(rule: Rule, sides: readonly Side[]): ExplainedRule {
  const { id, source, line, head, notes, reads } = rule;
  return {
    id,
    source,
    line,
    effect: head.effect,
    gives: notes.gives?.to ?? null,
    reads: reads.map(toPathText),
    applied: sides.map(({ as, hold }) => ({
      as,
      first: hold(rule, 0) ?? "no",
      second: hold(rule, 1),
    })),
  };
}

/** `context.args.amount`; the whole of it is `context`. */
export function toPathText(path: readonly string[]): string {
  return ["context", ...path].join(".");
}

function tryContext(slice: Slice, facts: Facts): Explanation["context"] {
  try {
    return readContext(slice.reads, facts).context;
  } catch (error) {
    if (error instanceof NotExact) return null;
    throw error;
  }
}

function toKept(
  { isLasting, reads }: Slice,
  context: Explanation["context"],
): Pick<Explanation, "kept" | "keptWhy"> {
  if (context === null) return { kept: false, keptWhy: "An argument cannot be told exactly." };
  if (!isLasting)
    return { kept: false, keptWhy: "A rule reads facts of the run, which change with each step." };
  const until = reads.some(([name]) => name === "time")
    ? ", until what is read of the time changes"
    : "";
  return { kept: true, keptWhy: `For the same caller and the same context${until}.` };
}
