import type { Clock } from "../ports/clock.ts";

/** However a client is kept waiting: never for longer than it is there. */
export interface Waiting {
  /** Rejects when whoever waits has gone. */
  sleep(ms: number): Promise<void>;
  /**
   * Waits for it that long at most: whether it came. Its own signal fires when nobody waits for it. Rejects
   * when whoever waits has gone.
   */
  within(ms: number, begin: (signal: AbortSignal) => Promise<void>): Promise<boolean>;
}

/** The signal fires when whoever waits has gone. */
export function createWaiting(clock: Clock, signal: AbortSignal): Waiting {
  return {
    sleep: (ms) => clock.sleep(ms, signal),
    async within(ms, begin) {
      signal.throwIfAborted();
      const done = new AbortController();
      const cut = (): void => done.abort(signal.reason);
      signal.addEventListener("abort", cut, { once: true });
      const late = clock.sleep(ms, done.signal).then(() => false);
      late.catch(() => undefined);
      try {
        return await Promise.race([begin(done.signal).then(() => true), late]);
      } finally {
        signal.removeEventListener("abort", cut);
        done.abort();
        signal.throwIfAborted();
      }
    },
  };
}
