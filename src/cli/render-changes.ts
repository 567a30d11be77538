import type { Change, ConfigPlan } from "../client/client.ts";
import type { Paint } from "./voice.ts";

type Changes = Pick<ConfigPlan, "changes" | "rules">;
type RuleChange = ConfigPlan["rules"][number];

/** Changes as lines: what is added, what goes, what becomes what; of texts of policies, rule by rule. */
export function renderChanges({ changes, rules }: Changes, paint: Paint): string {
  const width = Math.max(0, ...changes.map(({ key }) => key.length));
  return changes
    .flatMap((change) => [renderChange(change, width, paint), ...renderRules(change, rules)])
    .join("\n");
}

function renderChange({ kind, key, before, after }: Change, width: number, paint: Paint): string {
  const name = key.padEnd(width);
  const show = key.startsWith(rulesKey) ? showText : showValue;
  switch (kind) {
    case "added":
      return paint.green(`  + ${name}  ${show(after)}`);
    case "removed":
      return paint.red(`  - ${name}  ${show(before)}`);
    case "changed":
      return `${paint.yellow("  ~")} ${name}  ${show(before)} ${paint.dim("→")} ${show(after)}`;
  }
}

const rulesKey = "policy.rules.";

function renderRules({ key }: Change, rules: readonly RuleChange[]): readonly string[] {
  if (!key.startsWith(rulesKey)) return [];
  return rules
    .filter(({ source }) => key === `${rulesKey}${source}`)
    .map(({ kind, rule }) => `      rule ${rule} is ${kind}`);
}

function showText(value: unknown): string {
  return count(String(value).trimEnd().split("\n").length, "line");
}

function showValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Enough of a digest for a person to tell two apart; `--json` has all of it. */
export function shorten(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
