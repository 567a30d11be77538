import type { StateTable } from "./state-table.ts";

export type CallState = "open" | "done" | "failed" | "unknown";
export type CallMove = "answered" | "failed" | "doubted" | "found_done" | "found_undone";

/**
 * A call with an effect, from its intent on. `done`: it was carried out; `failed`: it certainly was
 * not; `unknown`: nobody can say, until somebody has looked.
 */
export const callStates = {
  name: "call",
  initial: "open",
  moves: {
    open: { answered: "done", failed: "failed", doubted: "unknown" },
    unknown: { found_done: "done", found_undone: "failed" },
    done: {},
    failed: {},
  },
} as const satisfies StateTable<CallState, CallMove>;
