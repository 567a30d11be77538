import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

/** The time of one call: it is cancelled at its deadline, unless it is over before. */
export interface Deadline {
  /** While a person is waited for, another time runs. */
  extend(toMs: number): void;
  /** The call is over; nothing fires any more. */
  end(): void;
}

export interface Deadlines {
  /** `atMs` is monotonic. */
  start(atMs: number, cancel: AbortController): Deadline;
}

/** Coarse on purpose: one timer for all calls, not one for each. */
const tickMs = 20;

interface Running {
  atMs: number;
  readonly cancel: AbortController;
}

export function createDeadlines(clock: Clock): Deadlines {
  const running = new Set<Running>();
  let isTicking = false;

  async function tick(): Promise<void> {
    isTicking = true;
    while (running.size > 0) {
      await clock.sleep(tickMs);
      const nowMs = clock.monotonicMs();
      for (const each of running) {
        if (each.atMs > nowMs) continue;
        running.delete(each);
        each.cancel.abort(new Fault("deadline_exceeded", "The call took longer than it may."));
      }
    }
    isTicking = false;
  }

  return {
    start(atMs, cancel) {
      const each: Running = { atMs, cancel };
      running.add(each);
      if (!isTicking) void tick();
      return {
        extend: (toMs) => void (each.atMs = toMs),
        end: () => void running.delete(each),
      };
    },
  };
}
