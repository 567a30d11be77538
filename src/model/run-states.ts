import type { StateTable } from "./state-table.ts";

export type RunState =
  | "queued"
  | "running"
  | "waiting"
  | "paused"
  | "stopped"
  | "partial"
  | "parked"
  | "completed"
  | "failed"
  | "cancelled";

export type RunMove =
  | "started"
  | "waited"
  | "woken"
  | "paused"
  | "resumed"
  | "stopped"
  | "parked"
  | "partly_completed"
  | "completed"
  | "failed"
  | "cancelled";

/**
 * `stopped` is a cap or a deadline, and raising it resumes; `partial` has effects still open;
 * `parked` is a bug of ours: the run waits for a person, the process serves on.
 */
export const runStates = {
  name: "run",
  initial: "queued",
  moves: {
    queued: { started: "running", paused: "paused", stopped: "stopped", cancelled: "cancelled" },
    running: {
      waited: "waiting",
      paused: "paused",
      stopped: "stopped",
      parked: "parked",
      partly_completed: "partial",
      completed: "completed",
      failed: "failed",
      cancelled: "cancelled",
    },
    waiting: { woken: "running", paused: "paused", stopped: "stopped", cancelled: "cancelled" },
    paused: { resumed: "running", stopped: "stopped", cancelled: "cancelled" },
    stopped: { resumed: "running", cancelled: "cancelled" },
    partial: { resumed: "running", cancelled: "cancelled" },
    parked: { resumed: "running", cancelled: "cancelled" },
    completed: {},
    failed: {},
    cancelled: {},
  },
} as const satisfies StateTable<RunState, RunMove>;
