import type { Clock } from "./clock.ts";

/** A clock that stands until it is told to go on. Sleepers wake in the order of their times. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
  readonly sleeping: number;
}

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

export function createManualClock(startMs: number): ManualClock {
  let elapsedMs = 0;
  let sleepers: readonly Sleeper[] = [];

  function advance(ms: number): void {
    const untilMs = elapsedMs + ms;
    for (;;) {
      const next = sleepers
        .filter(({ atMs }) => atMs <= untilMs)
        .toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      elapsedMs = next.atMs;
      sleepers = sleepers.filter((sleeper) => sleeper !== next);
      next.wake();
    }
    elapsedMs = untilMs;
  }

  async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper: Sleeper = { atMs: elapsedMs + Math.max(0, delayMs), wake: resolve };
    sleepers = [...sleepers, sleeper];
    const abort = (): void => {
      sleepers = sleepers.filter((one) => one !== sleeper);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  return {
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    sleep,
    advance,
    get sleeping() {
      return sleepers.length;
    },
  };
}
