import type { Budget } from "../model/budget.ts";
import type { LabelsOf } from "../ports/metrics.ts";
import type { EngineOptions } from "./worker.ts";
import type { RunView } from "./view.ts";

type RunEnd = LabelsOf<"run_seconds">["outcome"];

/** What a whole run took, of one that has ended just now. */
export function tellEnd(
  { telemetry, clock }: Pick<EngineOptions, "telemetry" | "clock">,
  { state, created, budget, asks }: RunView,
): void {
  if (!isEnd(state)) return;
  const { agent, atMs } = created;
  const tookMs = Math.max(0, clock.nowMs() - atMs);
  telemetry.observe("run_seconds", tookMs / 1_000, { agent, outcome: state });
  telemetry.observe("run_cost", budget.spent.micros / 1_000_000, { agent });
  telemetry.observe("run_turns", asks, { agent });
  const left = toLeft(budget);
  if (left !== null) telemetry.observe("run_budget_left_share", left, { agent });
}

/** Null: nothing is capped. */
function toLeft({ caps, spent }: Budget): number | null {
  const shares = (["micros", "tokens", "calls"] as const).flatMap((kind) => {
    const cap = caps[kind];
    if (cap === null) return [];
    return cap === 0 ? [0] : [Math.max(0, (cap - spent[kind]) / cap)];
  });
  return shares.length === 0 ? null : Math.min(...shares);
}

export function isEnd(state: RunView["state"]): state is RunEnd {
  return (
    state === "completed" || state === "partial" || state === "failed" || state === "cancelled"
  );
}
