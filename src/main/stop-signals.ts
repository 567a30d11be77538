import type { Clock } from "../ports/clock.ts";

/** What a terminal, an init or a platform sends. A closed terminal means the same as Ctrl-C. */
const names = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
export type StopSignal = (typeof names)[number];

export interface StopSignals {
  /** Fires at the first signal; its reason is the signal's name. */
  readonly signal: AbortSignal;
  /** From now on the signals do again what they did before. */
  restore(): void;
}

// A terminal or a supervisor signals the whole group, and whoever started us passes its own on:
// what comes this soon is the same wish twice.
const sameWishMs = 1_000;

/** The first signal asks to stop, the second one does not ask. */
export function watchStopSignals(clock: Clock, exit: (code: number) => never): StopSignals {
  const stopping = new AbortController();
  let askedMs = 0;
  const onSignal = (name: StopSignal) => {
    if (!stopping.signal.aborted) {
      askedMs = clock.monotonicMs();
      stopping.abort(name);
    } else if (clock.monotonicMs() - askedMs > sameWishMs) exit(130);
  };
  for (const name of names) process.on(name, onSignal);
  return {
    signal: stopping.signal,
    restore: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
