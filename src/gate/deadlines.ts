import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

/** The time of one call: ends with the client, at its deadline, or when the call is over. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** While a person is waited for, another time runs. */
  extend(toMs: number): void;
  /** The call is over; nothing fires any more. */
  end(): void;
}

export interface Deadlines {
  /** `atMs` is monotonic. */
  start(atMs: number, client: AbortSignal): Deadline;
}

/** Coarse on purpose: one timer for all calls, not one for each. */
const tickMs = 20;

interface Running {
  atMs: number;
  readonly abort: AbortController;
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
        each.abort.abort(new Fault("deadline_exceeded", "The call took longer than it may."));
      }
    }
    isTicking = false;
  }

  return {
    start(atMs, client) {
      const abort = new AbortController();
      const each: Running = { atMs, abort };
      const onGone = (): void => abort.abort(client.reason);
      if (client.aborted) onGone();
      else client.addEventListener("abort", onGone);
      running.add(each);
      if (!isTicking) void tick();
      return {
        signal: abort.signal,
        extend: (toMs) => void (each.atMs = toMs),
        end() {
          running.delete(each);
          client.removeEventListener("abort", onGone);
        },
      };
    },
  };
}
