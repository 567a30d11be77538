import { validatePolicies, type SchemaFinding } from "./cedar.ts";
import { toPolicySchema, type CheckedTool } from "./policy-schema.ts";
import type { Rule, RuleProblem } from "./rules.ts";
import { toNamedActions } from "./scope.ts";

export interface CheckOptions {
  readonly tools: readonly CheckedTool[];
  /** Servers that were never listed: what rules say of their tools cannot be checked yet. */
  readonly unseen: readonly string[];
}

export interface CheckedRules {
  readonly problems: readonly RuleProblem[];
  /** Said, and no reason to refuse. */
  readonly warnings: readonly RuleProblem[];
}

/** Rules against the pinned tools: an argument or a tool that is not there is found here. */
export function checkRules(rules: readonly Rule[], options: CheckOptions): CheckedRules {
  const { tools, unseen } = options;
  const unchecked = rules.filter((rule) => isUnseen(rule, unseen));
  const checked = rules.filter((rule) => !unchecked.includes(rule));
  const byId = new Map(checked.map((rule) => [rule.id, rule]));
  const texts = new Map(checked.map(({ id, text }) => [id, text]));
  const findings = validatePolicies(toPolicySchema(tools), texts);
  const toProblem = (finding: SchemaFinding): RuleProblem => {
    const { id, source, line } = byId.get(finding.rule)!;
    return { source, line, rule: id, message: finding.message };
  };
  const wrong = new Set(findings.filter(isError).map(({ rule }) => rule));
  const told = findings.filter((finding) => isError(finding) || !wrong.has(finding.rule));
  const isFatal = (finding: SchemaFinding): boolean =>
    isError(finding) || isMeantToApply(byId.get(finding.rule)!);
  return {
    problems: told.filter(isFatal).map(toProblem),
    warnings: [
      ...told.filter((finding) => !isFatal(finding)).map(toProblem),
      ...unchecked.map(({ id, source, line }) => ({
        source,
        line,
        rule: id,
        message: "names a tool of a server that was never listed: it is checked once it was",
      })),
    ],
  };
}

function isError({ severity }: SchemaFinding): boolean {
  return severity === "error";
}

/** A rule that names a tool or an argument and can never apply is a slip; one about a group is not. */
function isMeantToApply({ head, reads }: Rule): boolean {
  return toNamedActions(head) !== null && reads.some(([name]) => name === "args");
}

function isUnseen({ head }: Rule, unseen: readonly string[]): boolean {
  const named = toNamedActions(head) ?? [];
  return named.some((action) => unseen.some((server) => action.startsWith(`${server}__`)));
}
