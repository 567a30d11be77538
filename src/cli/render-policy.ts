import type { BlastRadius, PolicyCheck, PolicyExplanation, PolicyTest } from "../client/client.ts";
import { count } from "./render-changes.ts";
import { renderTable } from "./render-table.ts";
import type { Paint } from "./voice.ts";

export interface TestedFile extends PolicyTest {
  readonly file: string;
}

/** A line each: where, and what. */
export function renderFindings({ problems, warnings }: PolicyCheck, file: string | null): string {
  const toLine = (severity: string) => (each: PolicyCheck["problems"][number]) =>
    `${file ?? each.key}:${each.line}:${each.column}: ${severity}${file === null ? "" : `${each.key} `}${each.message}\n`;
  return [...problems.map(toLine("")), ...warnings.map(toLine("warning: "))].join("");
}

export function renderCases(files: readonly TestedFile[], paint: Paint): string {
  const lines = files.flatMap(({ file, cases }) =>
    cases
      .filter(({ outcome }) => outcome !== "passed")
      .flatMap(({ name, line, outcome, problems }) => [
        `${paint.red(outcome)} ${file}:${line} ${name}`,
        ...problems.map((problem) => `  ${problem}`),
      ]),
  );
  const sum = (outcome: "passed" | "failed" | "wrong") =>
    files.reduce((total, each) => total + each[outcome], 0);
  const total = `${sum("passed")} passed, ${sum("failed")} failed, ${sum("wrong")} wrong.`;
  return [...lines, total].join("\n");
}

export function renderExplanation(explained: PolicyExplanation, paint: Paint): string {
  const { decision, target, rules, context, keptWhy, kept, slice } = explained;
  const said = decision.reasons.map(({ rule, text }) => `  by ${rule}: ${text}`);
  const people = decision.approvers.map(
    ({ who, quorum, passkey }) =>
      `  asks ${who}${quorum === 1 ? "" : `, ${quorum} of them`}${passkey ? ", by passkey" : ""}`,
  );
  const owed = decision.obligations.map((each) => `  owes ${JSON.stringify(each)}`);
  const rows = rules.map((rule) => [
    rule.id,
    rule.gives === null ? rule.effect : `${rule.effect}, gives way to ${rule.gives}`,
    rule.applied.map(renderApplied).join("; "),
    rule.reads.join(" "),
  ]);
  const outward = target.outward ? ", outward" : "";
  return [
    `${paint.bold(decision.kind)} ${target.id} (${target.effect}${outward}, server ${target.server})`,
    ...said,
    ...people,
    ...owed,
    "",
    rules.length === 0 ? "No rule is about it." : "Rules about it:",
    ...(rules.length === 0 ? [] : [renderTable(rows)]),
    "",
    `Told to the rules: ${context === null ? "nothing, an argument is not exact" : JSON.stringify(context)}`,
    `${kept ? "Kept" : "Not kept"} in memory. ${keptWhy}`,
    `Slice ${slice}`,
  ].join("\n");
}

type Applied = PolicyExplanation["rules"][number]["applied"][number];

function renderApplied({ as, first, second }: Applied): string {
  const who = as === "agent" ? "agent: " : "";
  return `${who}${toWord(first)}${second === null ? "" : `, then ${toWord(second)}`}`;
}

function toWord(held: Applied["first"]): string {
  if (held === "error") return "error";
  return held === "yes" ? "applies" : "does not";
}

export function renderBlastRadius({ summary, tools, unseen }: BlastRadius, paint: Paint): string {
  const rows = tools.map((tool) => [
    tool.tool,
    tool.decision === "depends" ? tool.possible.join("/") : tool.decision,
    `${tool.effect}${tool.outward ? ", outward" : ""}`,
    renderLimits(tool.limits),
    tool.credentials.join(" "),
    tool.on.length === 0 ? "" : `depends on ${tool.on.join(", ")}`,
  ]);
  const silent =
    unseen.length === 0
      ? []
      : [paint.yellow(`Not in it: ${unseen.join(", ")}, never listed. Anything may be there.`)];
  return [paint.bold(summary), ...silent, renderTable(rows)].join("\n").trimEnd();
}

function renderLimits(limits: BlastRadius["tools"][number]["limits"]): string {
  const { timeoutMs, concurrency, callsPerMinute } = limits;
  const rate = callsPerMinute === null ? "" : `, ${callsPerMinute}/min`;
  return `${count(concurrency, "call")} at once, ${timeoutMs} ms${rate}`;
}
