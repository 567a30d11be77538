import type { StateTable } from "./state-table.ts";

export type RolloutState =
  | "planned"
  | "shadow"
  | "shadow_paused"
  | "canary"
  | "canary_paused"
  | "full"
  | "completed"
  | "rolled_back";
export type RolloutMove = "started" | "promoted" | "paused" | "resumed" | "settled" | "rolled_back";

/** A paused phase remembers which one it was. `full` is watched until it has settled. */
export const rolloutStates = {
  name: "rollout",
  initial: "planned",
  moves: {
    planned: { started: "shadow", rolled_back: "rolled_back" },
    shadow: { promoted: "canary", paused: "shadow_paused", rolled_back: "rolled_back" },
    shadow_paused: { resumed: "shadow", rolled_back: "rolled_back" },
    canary: { promoted: "full", paused: "canary_paused", rolled_back: "rolled_back" },
    canary_paused: { resumed: "canary", rolled_back: "rolled_back" },
    full: { settled: "completed", rolled_back: "rolled_back" },
    completed: {},
    rolled_back: {},
  },
} as const satisfies StateTable<RolloutState, RolloutMove>;
