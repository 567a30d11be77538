import type { Alert } from "./alert.ts";
import { alerts } from "./alerts.ts";
import { recordedRules } from "./burn-rates.ts";

export const runbookPage = "docs/alerts.md";

/** A file of rules as Prometheus reads it. */
export function toRuleFile() {
  return {
    groups: [
      { name: "countersign-slos", interval: "30s", rules: recordedRules },
      { name: "countersign-alerts", rules: alerts.map(toRule) },
    ],
  };
}

function toRule({ name, expr, for: lasting, severity, summary }: Alert) {
  return {
    alert: name,
    expr,
    for: lasting,
    labels: { severity },
    annotations: { summary, runbook: `${runbookPage}#${name.toLowerCase()}` },
  };
}
