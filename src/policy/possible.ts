import type { Decision } from "../model/index.ts";
import type { CedarRequest } from "./cedar.ts";
import { toRequest, type Asker, type Discharged } from "./judge.ts";
import type { Slice } from "./policy-set.ts";
import type { Rule } from "./rules.ts";
import type { PolicyTarget } from "./target.ts";
import { distinct, onOf, weighPolicy, type KnownFacts, type Truth } from "./truth.ts";

/** Every decision that could come, whatever the context is. */
export interface Possible {
  readonly decisions: ReadonlySet<Decision["kind"]>;
  /** What it depends on: `args.amount`, `labels`, `time.hour`, `principal`. */
  readonly on: readonly string[];
  /** Rules that let it happen, and rules that could stand in the way. */
  readonly rules: readonly string[];
}

export interface PossibleQuestion {
  readonly target: PolicyTarget;
  /** Null: anybody. */
  readonly asker: Asker | null;
  /** Null: any. */
  readonly toolset: string | null;
  /** Whether it is known which bundle an agent runs. */
  readonly isBundleKnown: boolean;
  /** Of this asker, over all targets. */
  readonly memo: Map<string, Truth>;
}

interface Weighed {
  readonly rule: Rule;
  readonly truth: Truth;
}

/**
 * The two passes of a decision over what is certain. Rules that depend on something are taken as
 * free of each other, so more may be said to be possible than is, and never less.
 */
export function findPossible(slice: Slice, question: PossibleQuestion): Possible {
  const weighAll = (discharged: Discharged): readonly Weighed[] => {
    const known = toKnown(question, discharged);
    return [...slice.rules.values()].map((rule) => ({
      rule,
      truth: weighPolicy(rule.head, known),
    }));
  };
  const first = weighAll({ granted: false, met: false });
  const applied = first.filter(({ truth }) => truth.is !== "no");
  // A firm no first: nothing is asked a second time.
  if (applied.some((each) => isFirm(each) && each.truth.is === "yes")) return toDenied(applied);
  const decisions = new Set<Decision["kind"]>();
  if (canAllow(first)) decisions.add("allow");
  if (canDeny(first)) decisions.add("deny");
  const seconds = toSeconds(applied).map((discharged) => {
    const second = weighAll(discharged);
    if (canAllow(second)) decisions.add(discharged.granted ? "ask" : "allow");
    if (mayAllNotPermit(second) || second.some((each) => isForbid(each) && isPossible(each)))
      decisions.add("deny");
    return second;
  });
  return {
    decisions,
    on: distinct([first, ...seconds].flat().flatMap(({ truth }) => onOf(truth))),
    rules: applied.map(({ rule }) => rule.id),
  };
}

function toDenied(applied: readonly Weighed[]): Possible {
  const rules = applied.filter((each) => isFirm(each) && each.truth.is === "yes");
  return { decisions: new Set(["deny"]), on: [], rules: rules.map(({ rule }) => rule.id) };
}

function toKnown(question: PossibleQuestion, discharged: Discharged): KnownFacts {
  const { asker, target, toolset, isBundleKnown, memo } = question;
  const context = toolset === null ? {} : { toolset };
  const known = new Set(["approval", "obligation", ...Object.keys(context)]);
  return {
    request: toKnownRequest({ asker, target, context }, discharged),
    isKnown: ([name]) => name !== undefined && known.has(name),
    isPrincipalKnown: asker !== null,
    unknownAttributes: asker?.as === "agent" && !isBundleKnown ? ["bundle"] : [],
    memo,
  };
}

interface KnownQuestion extends Pick<PossibleQuestion, "asker" | "target"> {
  readonly context: CedarRequest["context"];
}

const nobody: Asker = {
  principal: { tenant: "-" as never, kind: "service", subject: "-", actor: null },
  roles: [],
  as: "subject",
};

function toKnownRequest(
  { asker, target, context }: KnownQuestion,
  discharged: Discharged,
): CedarRequest {
  return toRequest({ asker: asker ?? nobody, target, context }, discharged);
}

function isForbid({ rule }: Weighed): boolean {
  return rule.head.effect === "forbid";
}
function isFirm(weighed: Weighed): boolean {
  return isForbid(weighed) && weighed.rule.notes.gives === null;
}
function isPossible({ truth }: Weighed): boolean {
  return truth.is !== "no";
}

function canAllow(weighed: readonly Weighed[]): boolean {
  const isPermitted = weighed.some((each) => !isForbid(each) && isPossible(each));
  return isPermitted && !weighed.some((each) => isForbid(each) && each.truth.is === "yes");
}

function mayAllNotPermit(weighed: readonly Weighed[]): boolean {
  return weighed.every((each) => isForbid(each) || each.truth.is !== "yes");
}

/** Without a second pass: a firm no, or no rule that forbids and none that permits. */
function canDeny(first: readonly Weighed[]): boolean {
  if (first.some((each) => isFirm(each) && isPossible(each))) return true;
  return mayAllNotPermit(first) && !first.some((each) => isForbid(each) && each.truth.is === "yes");
}

/** What could be discharged in a second pass: by what applied in the first. */
function toSeconds(applied: readonly Weighed[]): readonly Discharged[] {
  const asks = applied.filter(({ rule }) => rule.notes.gives?.to === "approval");
  const owed = applied.filter(({ rule }) => rule.notes.gives?.to === "obligation");
  const granted = choices(asks);
  const met = choices(owed);
  return granted
    .flatMap((each) => met.map((other) => ({ granted: each, met: other })))
    .filter((each) => each.granted || each.met);
}

function choices(weighed: readonly Weighed[]): readonly boolean[] {
  if (weighed.length === 0) return [false];
  return weighed.some(({ truth }) => truth.is === "yes") ? [true] : [true, false];
}
