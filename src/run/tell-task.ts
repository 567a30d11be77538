import { isEnd } from "./tell-end.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { LabelsOf } from "../ports/metrics.ts";
import { toShares } from "./measure-quality.ts";
import type { TaskKindOf } from "./task-kind.ts";
import type { RunView } from "./view.ts";

type TaskOutcome = LabelsOf<"tasks">["outcome"];

/**
 * A run that somebody started is a task; its sub-agents are part of it. One that was stopped is counted,
 * and counted again once it was resumed and has ended; its tokens are counted once, at its end.
 */
export function tellTask(telemetry: Telemetry, kindOf: TaskKindOf, view: RunView): void {
  const { created, state, budget, quality } = view;
  const outcome = toOutcome(view);
  if (created.parent !== null || outcome === null) return;
  const kind = kindOf(created.agent, view.turn?.backend ?? null);
  const labels = { ...kind, tenant: created.principal.tenant, outcome };
  telemetry.count("tasks", labels);
  if (!isEnd(state)) return;
  telemetry.count("task_tokens", labels, budget.spent.tokens);
  if (quality === null) return;
  for (const [measure, part, whole] of toShares(quality)) {
    if (whole === 0) continue;
    telemetry.count("task_quality_whole", { ...labels, measure }, whole);
    telemetry.count("task_quality_part", { ...labels, measure }, part);
  }
}

/** Null: it goes on. */
function toOutcome({ state, reason }: RunView): TaskOutcome | null {
  if (isEnd(state) || state === "parked") return state;
  if (state !== "stopped") return null;
  const code = reason?.code;
  return code === "deadline" || code === "budget" || code === "steps" ? code : "stopped";
}
