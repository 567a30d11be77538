import type { RunEvent } from "../model/run-event.ts";
import { isEnded, listUnfinished, type CallView, type RunView } from "./view.ts";

type Stop = Extract<RunEvent, { type: "run.stopped" }>["reason"];
type WaitFor = Extract<RunEvent, { type: "run.waited" }>["for"];

/** What a run does next. Decided from its events and the time alone. */
export type Action =
  | { readonly kind: "start" }
  /** Nothing, until somebody tells it something. */
  | { readonly kind: "rest" }
  | { readonly kind: "wait"; readonly for: WaitFor; readonly untilMs: number | null }
  | { readonly kind: "wake"; readonly by: WaitFor }
  /** The worker that asked a model is gone, and nobody knows what that cost. */
  | { readonly kind: "forget_asked" }
  | { readonly kind: "ask" }
  /** These may be made at once. */
  | { readonly kind: "call"; readonly calls: readonly CallView[] }
  | { readonly kind: "stop"; readonly reason: Stop; readonly detail: string }
  | { readonly kind: "fail"; readonly code: string; readonly detail: string }
  | { readonly kind: "finish" };

/** A backend that is away is asked so often, with longer and longer pauses. */
const maxFailures = 8;

export function decideNext(view: RunView, nowMs: number): Action {
  switch (view.state) {
    case "queued":
      return { kind: "start" };
    case "running":
    case "waiting":
      return fromWaiting(view, decideWork(view, nowMs));
    default:
      return { kind: "rest" };
  }
}

/** A run that waits goes on only when there is something else to do than to wait as it does. */
function fromWaiting({ state, waits }: RunView, action: Action): Action {
  if (state !== "waiting" || waits === null || action.kind === "stop") return action;
  const isSame =
    action.kind === "wait" && action.for === waits.for && action.untilMs === waits.untilMs;
  return isSame ? { kind: "rest" } : { kind: "wake", by: waits.for };
}

function decideWork(view: RunView, nowMs: number): Action {
  const { deadlineMs, asked, turn } = view;
  if (deadlineMs !== null && nowMs >= deadlineMs) {
    return { kind: "stop", reason: "deadline", detail: "The deadline of the run has passed." };
  }
  if (asked !== null) return { kind: "forget_asked" };
  const unfinished = listUnfinished(view);
  if (unfinished.length > 0) return decideCalls(view, unfinished, nowMs);
  if (turn !== null && (turn.compensates !== null || turn.calls.length === 0))
    return { kind: "finish" };
  return decideAsk(view, nowMs);
}

function decideAsk(view: RunView, nowMs: number): Action {
  const { step, maxSteps, retryAtMs, failures, signatures } = view;
  const period = findLoop(signatures);
  if (period !== null) {
    const turns = period === 1 ? "the same turn" : `the same ${period} turns`;
    return {
      kind: "stop",
      reason: "loop",
      detail: `The model repeats ${turns}, with the same results.`,
    };
  }
  if (step >= maxSteps) {
    return { kind: "stop", reason: "steps", detail: `${maxSteps} steps were made.` };
  }
  if (retryAtMs !== null && nowMs < retryAtMs) return waitFor(view, "timer", retryAtMs);
  if (failures >= maxFailures) {
    return {
      kind: "fail",
      code: "model_unavailable",
      detail: `No model answered, ${failures} times in a row.`,
    };
  }
  return { kind: "ask" };
}

/**
 * Calls that only read, and sub-agents, stand in no order: as many as follow each other are made at
 * once. A call that writes waits for those before it, and those after it wait for it.
 */
function decideCalls(view: RunView, unfinished: readonly CallView[], nowMs: number): Action {
  const [first] = unfinished;
  const until = unfinished.findIndex((call) => isOrdered(call) !== isOrdered(first!));
  const group = isOrdered(first!)
    ? [first!]
    : unfinished.slice(0, until === -1 ? undefined : until);
  const calls = group.filter((call) => isReady(call, nowMs));
  if (calls.length > 0) return { kind: "call", calls };
  const stopped = group.find(
    ({ state }) => state.kind === "child" && view.children[state.run]?.state === "stopped",
  );
  // Though others go on: only a run that has stopped can be told to go on with more.
  if (stopped !== undefined) {
    const { run } = stopped.state as Extract<CallView["state"], { kind: "child" }>;
    return { kind: "stop", reason: "budget", detail: `The sub-agent's run ${run} was stopped.` };
  }
  return waitForCalls(view, group);
}

function isOrdered({ effect }: CallView): boolean {
  return effect === "write" || effect === "destructive";
}

function isReady({ state }: CallView, nowMs: number): boolean {
  if (state.kind === "deferred") return nowMs >= state.untilMs;
  return state.kind === "planned" || state.kind === "started";
}

function waitForCalls(view: RunView, group: readonly CallView[]): Action {
  let what: WaitFor = "run";
  let earliest: number | null = null;
  for (const { state } of group) {
    if (state.kind !== "deferred") continue;
    if (earliest === null || state.untilMs < earliest) {
      what = state.for;
      earliest = state.untilMs;
    }
  }
  return waitFor(view, what, earliest);
}

function waitFor({ deadlineMs }: RunView, what: WaitFor, untilMs: number | null): Action {
  const bounds = [untilMs, deadlineMs].filter((each) => each !== null);
  return { kind: "wait", for: what, untilMs: bounds.length === 0 ? null : Math.min(...bounds) };
}

/** How often the same has to come again. */
const repetitions = 3;
const longestPeriod = 3;

/** After how many turns it all comes again; null: it does not. */
export function findLoop(signatures: readonly string[]): number | null {
  for (let period = 1; period <= longestPeriod; period += 1) {
    const last = signatures.slice(-period * repetitions);
    const isLong = last.length === period * repetitions;
    if (isLong && last.every((each, index) => each === last[index % period])) return period;
  }
  return null;
}

export function isTurnDone({ turn }: RunView): boolean {
  return turn !== null && turn.calls.every(isEnded);
}
