import { runStates, type RunMove, type RunState } from "../../../src/model/run-states.ts";
import { transition, type Transition } from "../../../src/model/state-table.ts";

const moved = new Map<string, RunState>();

/** What the page did to a run meanwhile; null: nothing. */
export function findMoved(id: string): RunState | null {
  return moved.get(id) ?? null;
}

/** By the table that the engine goes by: what is refused there changes nothing here. */
export function moveRun(id: string, from: RunState, move: RunMove): void {
  const step: Transition<RunState, RunMove> = transition(runStates, from, move);
  if (step.kind === "moved") moved.set(id, step.to);
}
