import type { StateTable } from "./state-table.ts";

export type BreakerState = "closed" | "open" | "probing";
export type BreakerMove = "tripped" | "cooled" | "succeeded" | "faulted";

/** `tripped` is the third fault in a row; after the cooling time one probe decides. */
export const breakerStates = {
  name: "breaker",
  initial: "closed",
  moves: {
    closed: { tripped: "open" },
    open: { cooled: "probing" },
    probing: { succeeded: "closed", faulted: "open" },
  },
} as const satisfies StateTable<BreakerState, BreakerMove>;
