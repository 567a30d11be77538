import type { RunState } from "../../../src/model/run-states.ts";
import type { Tone } from "../ui/badge.tsx";

export interface RunStateWords {
  readonly tone: Tone;
  /** What it means, for whoever has not read the table of states. */
  readonly meaning: string;
}

/** How each state of a run looks, everywhere. Orange waits for somebody; red is to be looked at. */
export const runStateWords = {
  queued: { tone: "neutral", meaning: "It has not begun yet." },
  running: { tone: "info", meaning: "It is at work." },
  waiting: { tone: "warn", meaning: "It waits, and goes on by itself." },
  paused: { tone: "warn", meaning: "Somebody paused it; it goes on when it is resumed." },
  stopped: { tone: "danger", meaning: "It stopped at a bound; with more it can go on." },
  partial: { tone: "danger", meaning: "It came to an end, and some of its effects are open." },
  parked: { tone: "danger", meaning: "A bug of Countersign stopped it; nothing is lost." },
  completed: { tone: "ok", meaning: "It has done what it was asked for." },
  failed: { tone: "danger", meaning: "It has ended without doing what it was asked for." },
  cancelled: { tone: "neutral", meaning: "Somebody ended it." },
} as const satisfies Record<RunState, RunStateWords>;
