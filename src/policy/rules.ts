import { parsePolicy, splitPolicies, type CedarPolicy, type CedarProblem } from "./cedar.ts";
import { toMentionedPaths, type ContextPath } from "./mentioned-paths.ts";
import { readRuleNotes, type RuleNotes } from "./rule-notes.ts";

/** One policy as it was written, read once. */
export interface Rule {
  readonly id: string;
  /** Name of the text it stands in, and the line there, from 1. */
  readonly source: string;
  readonly line: number;
  readonly text: string;
  readonly head: CedarPolicy;
  readonly notes: Omit<RuleNotes, "id">;
  /** What of the context it reads. */
  readonly reads: readonly ContextPath[];
}

export interface RuleProblem {
  readonly source: string;
  readonly line: number;
  readonly rule: string | null;
  readonly message: string;
}

export type ReadRules =
  | { readonly kind: "read"; readonly rules: readonly Rule[] }
  | { readonly kind: "refused"; readonly problems: readonly RuleProblem[] };

/** Thousands of rules fit; evaluation takes as long as the ones about a target are many. */
const maxRules = 5_000;

/** Texts of policies by their names, to rules; or everything that is wrong with them. */
export function readRules(sources: Readonly<Record<string, string>>): ReadRules {
  const found = Object.entries(sources).map(([source, text]) => readSource(source, text));
  const rules = found.flatMap((each) => each.rules);
  const problems = found.flatMap((each) => each.problems);
  const seen = new Map<string, Rule>();
  for (const rule of rules) {
    const { id, source, line } = rule;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, rule);
    else
      problems.push({
        source,
        line,
        rule: id,
        message: `has the id of the rule at ${first.source}:${first.line}`,
      });
  }
  if (rules.length > maxRules)
    problems.push({ source: "", line: 1, rule: null, message: `are more than ${maxRules} rules` });
  return problems.length > 0 ? { kind: "refused", problems } : { kind: "read", rules };
}

interface ReadSource {
  readonly rules: readonly Rule[];
  readonly problems: readonly RuleProblem[];
}

function readSource(source: string, text: string): ReadSource {
  const split = splitPolicies(text);
  if (split.kind === "refused") {
    const toProblem = ({ message, offset }: CedarProblem): RuleProblem => {
      return { source, line: toLine(text, offset ?? 0), rule: null, message };
    };
    return { rules: [], problems: split.problems.map(toProblem) };
  }
  const problems: RuleProblem[] = [];
  if (split.templates > 0) {
    const message = "holds a template; write the policy out";
    problems.push({ source, line: 1, rule: null, message });
  }
  let from = 0;
  const rules = split.rules.map((part, index) => {
    const at = text.indexOf(part, from);
    from = at + part.length;
    const line = toLine(text, at);
    return readRule({ source, text: part, line, fallback: index + 1 }, problems);
  });
  return { rules, problems };
}

interface RuleText {
  readonly source: string;
  readonly text: string;
  readonly line: number;
  readonly fallback: number;
}

function readRule({ source, text, line, fallback }: RuleText, problems: RuleProblem[]): Rule {
  const head = parsePolicy(text);
  const { notes, problems: wrong } = readRuleNotes(head.annotations ?? {}, head.effect);
  const id = notes.id ?? `${source}#${fallback}`;
  const reads = toMentionedPaths(head.conditions);
  for (const message of [...wrong, ...checkGives(notes, reads), ...checkPermit(head, reads)])
    problems.push({ source, line, rule: id, message });
  return { id, source, line, text, head, notes, reads };
}

const approvalPath = ["approval", "granted"];
const obligationPath = ["obligation", "met"];

/** A forbid that gives way says to what, once in its annotation and once in its condition. */
function checkGives({ gives }: RuleNotes, reads: readonly ContextPath[]): readonly string[] {
  if (gives === null) return [];
  const [own, other] =
    gives.to === "approval" ? [approvalPath, obligationPath] : [obligationPath, approvalPath];
  const name = gives.to === "approval" ? "@ask" : "@obligation";
  const found: string[] = [];
  if (!isRead(reads, own))
    found.push(`has ${name}, and never gives way: write unless { context.${own.join(".")} }`);
  if (isRead(reads, other)) found.push(`has ${name}, and reads context.${other.join(".")}`);
  return found;
}

/** A permit asks nobody: what it says of an approval would come about by another rule's doing alone. */
function checkPermit(
  { effect, annotations = {} }: CedarPolicy,
  reads: readonly ContextPath[],
): readonly string[] {
  if (effect === "forbid" || "ask" in annotations || "obligation" in annotations) return [];
  const given = reads.find(([name]) => name === "approval" || name === "obligation");
  if (given === undefined) return [];
  const name = given[0] === "approval" ? "@ask" : "@obligation";
  return [
    `is a permit that reads context.${given.join(".")}: write a forbid with ${name} beside it`,
  ];
}

function isRead(reads: readonly ContextPath[], path: ContextPath): boolean {
  return reads.some((each) => each.join("\n") === path.join("\n"));
}

function toLine(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
