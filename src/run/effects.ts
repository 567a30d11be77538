import type { PlannedCall } from "../model/run-event.ts";
import type { CallView, RunView } from "./view.ts";

export function hasEffect({ effect }: Pick<PlannedCall, "effect">): boolean {
  return effect === "write" || effect === "destructive" || effect === "agent";
}

/** All calls of the run that had an effect, or should have had, in their order. */
export function listEffects({ effects, turn }: RunView): readonly CallView[] {
  return turn === null ? effects : [...effects, ...turn.calls.filter(hasEffect)];
}

export function isDone({ state }: CallView): boolean {
  return state.kind === "ended" && state.outcome === "answered";
}

/** Nobody knows whether it was carried out. */
export function isUnknown({ state }: CallView): boolean {
  return state.kind === "ended" && state.outcome === "unknown";
}

/**
 * Not done, and no later step called the same tool: what the model tried again, perhaps otherwise, is
 * judged by its last try. A no of policy or of a person is an end.
 */
export function isOpenEffect(effects: readonly CallView[], call: CallView): boolean {
  const { state } = call;
  if (state.kind !== "ended") return false;
  const hasFailed =
    state.outcome === "fault" || state.outcome === "unavailable" || state.outcome === "tool_error";
  return hasFailed && !effects.some(({ tool, step }) => tool === call.tool && step > call.step);
}
