import type { RunId } from "../model/index.ts";
import type { ReportedCall, RunReport, RunWait } from "../ports/run-desk.ts";
import { isDone, isOpenEffect, isUnknown, listEffects } from "./effects.ts";
import type { CallView, RunView } from "./view.ts";

export interface Reporting {
  readonly run: RunId;
  readonly head: number;
  readonly view: RunView;
  readonly output: string | null;
  readonly taken: number;
}

/** A run as its users see it. */
export function toReport({ run, head, view, output, taken }: Reporting): RunReport {
  const { created, budget } = view;
  const { kind, subject } = created.principal;
  const children = Object.keys(view.children) as RunId[];
  return {
    run,
    agent: created.agent,
    bundle: created.bundle,
    starter: { kind, subject },
    state: view.state,
    head,
    parent: created.parent?.run ?? null,
    createdAtMs: created.atMs,
    deadlineMs: view.deadlineMs,
    steps: view.step,
    maxSteps: view.maxSteps,
    budget: { caps: budget.caps, spent: budget.spent, held: budget.reserved },
    waits: view.state === "waiting" ? listWaits(view) : [],
    reason: view.reason,
    output,
    quality: view.quality,
    calls: listCalls(view),
    children,
    taken,
  };
}

function listWaits({ turn, effects, retryAtMs }: RunView): readonly RunWait[] {
  const calls = [...effects, ...(turn?.calls ?? [])];
  const waits = calls.flatMap(({ state, tool }): readonly RunWait[] => {
    if (state.kind === "child") return [{ kind: "run", run: state.run }];
    if (state.kind !== "deferred") return [];
    const { untilMs, approval } = state;
    if (approval !== null) return [{ kind: "approval", approval, tool, untilMs }];
    return [{ kind: state.for === "approval" ? "timer" : state.for, untilMs }];
  });
  return retryAtMs === null ? waits : [...waits, { kind: "timer", untilMs: retryAtMs }];
}

/** Those with an effect, and what the last answer asked for beside. */
function listCalls(view: RunView): readonly ReportedCall[] {
  const effects = listEffects(view);
  const others = (view.turn?.calls ?? []).filter((call) => !effects.includes(call));
  return [...effects, ...others].map((call) => {
    const { step, ordinal, tool, effect } = call;
    return { step, ordinal, tool, effect, state: toState(effects, call) };
  });
}

function toState(effects: readonly CallView[], call: CallView): ReportedCall["state"] {
  const { state } = call;
  if (state.kind === "planned" || state.kind === "started") return state.kind;
  if (state.kind !== "ended") return "waiting";
  if (isDone(call)) return "done";
  if (isUnknown(call)) return "unknown";
  if (state.outcome === "denied") return "denied";
  return isOpenEffect(effects, call) ? "open" : "failed";
}
