import { readRules } from "./rules.ts";

export interface RuleChange {
  readonly kind: "added" | "removed" | "changed";
  readonly rule: string;
  /** Name of the text it stands in, or stood. */
  readonly source: string;
}

type Sources = Readonly<Record<string, string>>;

/** What two sets of texts differ in, rule by rule; texts that Cedar does not read have none. */
export function compareRules(before: Sources, after: Sources): readonly RuleChange[] {
  const [old, next] = [toTexts(before), toTexts(after)];
  const ids = [...new Set([...old.keys(), ...next.keys()])];
  return ids.flatMap((rule): RuleChange[] => {
    const [was, is] = [old.get(rule), next.get(rule)];
    if (was === undefined) return [{ kind: "added", rule, source: is!.source }];
    if (is === undefined) return [{ kind: "removed", rule, source: was.source }];
    return was.text === is.text ? [] : [{ kind: "changed", rule, source: is.source }];
  });
}

function toTexts(sources: Sources) {
  const read = readRules(sources);
  const rules = read.kind === "read" ? read.rules : [];
  return new Map(rules.map(({ id, text, source }) => [id, { text, source }]));
}
