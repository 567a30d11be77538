import { toCanonicalText, type Decision } from "../model/index.ts";
import type { PolicyCase } from "../model/policy-case.ts";
import { askScene } from "./ask-scene.ts";
import type { Pause } from "./blast-radius.ts";
import { createDecide, Memo } from "./decide.ts";
import { parseObligation } from "./rule-notes.ts";
import type { Scene } from "./scene.ts";

/** What a case expects and what came of it. */
export interface CaseResult {
  readonly name: string;
  /** `wrong`: it asks what could not be asked, so it says nothing about the rules. */
  readonly outcome: "passed" | "failed" | "wrong";
  readonly expected: PolicyCase["expect"];
  readonly came: CaseDecision | null;
  /** What differs, or what is wrong. */
  readonly problems: readonly string[];
}

export interface CaseDecision {
  readonly decision: Decision["kind"];
  readonly rules: readonly string[];
  readonly approvers: readonly string[];
  readonly obligations: readonly string[];
}

const casesAtOnce = 50;

/** Cases do not meet: each is asked by itself. */
export async function runCases(
  scene: Scene,
  cases: readonly PolicyCase[],
  pause: Pause,
): Promise<readonly CaseResult[]> {
  const memo = new Memo(cases.length * 2);
  const results: CaseResult[] = [];
  for (const [index, each] of cases.entries()) {
    if (index % casesAtOnce === casesAtOnce - 1) await pause();
    results.push(runCase(scene, each, memo));
  }
  return results;
}

function runCase(scene: Scene, wanted: PolicyCase, memo: Memo): CaseResult {
  const { name, expect: expected } = wanted;
  const asked = askScene(scene, wanted, null);
  if (asked.kind === "wrong") {
    const { problems } = asked;
    return { name, outcome: "wrong", expected, came: null, problems };
  }
  const decision = createDecide(scene.set, asked.target, memo)(asked.facts);
  const came = toCaseDecision(decision);
  const problems = compare(wanted, decision, came);
  return { name, outcome: problems.length === 0 ? "passed" : "failed", expected, came, problems };
}

export function toCaseDecision(decision: Decision): CaseDecision {
  return {
    decision: decision.kind,
    rules: decision.reasons.map(({ rule }) => rule),
    approvers: decision.kind === "ask" ? decision.approvers.map(({ who }) => who) : [],
    obligations:
      decision.kind === "deny" ? [] : decision.obligations.map((each) => toCanonicalText(each)),
  };
}

function compare(wanted: PolicyCase, decision: Decision, came: CaseDecision): readonly string[] {
  const { expect, rule, approvers, obligations } = wanted;
  const problems: string[] = [];
  if (decision.kind !== expect)
    problems.push(`expected ${expect} and came ${decision.kind}, by ${came.rules.join(", ")}`);
  if (rule !== undefined && !came.rules.includes(rule))
    problems.push(`expected rule ${rule} and came ${came.rules.join(", ")}`);
  if (approvers !== undefined && !isSame(approvers, came.approvers))
    problems.push(`expected approvers ${toList(approvers)} and came ${toList(came.approvers)}`);
  for (const text of obligations ?? [])
    if (parseObligation(text) === null) problems.push(`"${text}" is no obligation`);
  const owed = obligations?.map((text) => toCanonicalText(parseObligation(text)));
  if (owed !== undefined && !isSame(owed, came.obligations))
    problems.push(
      `expected obligations ${toList(obligations ?? [])} and came ${toList(came.obligations)}`,
    );
  return problems;
}

/** In any order. */
function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.toSorted().join("\n") === others.toSorted().join("\n");
}

function toList(items: readonly string[]): string {
  return items.length === 0 ? "none" : items.join(", ");
}
