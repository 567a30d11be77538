import type { RunState } from "../../model/run-states.ts";

/** As rows have them: a number that is in use never changes its meaning. */
export const runStateNumbers = {
  queued: 1,
  running: 2,
  waiting: 3,
  paused: 4,
  stopped: 5,
  partial: 6,
  parked: 7,
  completed: 8,
  failed: 9,
  cancelled: 10,
} as const satisfies Readonly<Record<RunState, number>>;

const states = new Map<number, RunState>(
  Object.entries(runStateNumbers).map(([state, number]) => [number, state as RunState]),
);

export function toRunState(number: number): RunState {
  const state = states.get(number);
  if (state === undefined) throw new Error(`No state of a run has the number ${number}`);
  return state;
}
