/** What a terminal, an init or a platform sends. A closed terminal means the same as Ctrl-C. */
const names = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
export type StopSignal = (typeof names)[number];

export interface StopSignals {
  /** Fires at the first signal; its reason is the signal's name. */
  readonly signal: AbortSignal;
  /** From now on the signals do again what they did before. */
  restore(): void;
}

/** The first signal asks to stop, the second one does not ask. */
export function watchStopSignals(exit: (code: number) => never): StopSignals {
  const stopping = new AbortController();
  const onSignal = (name: StopSignal) => {
    if (stopping.signal.aborted) exit(130);
    stopping.abort(name);
  };
  for (const name of names) process.on(name, onSignal);
  return {
    signal: stopping.signal,
    restore: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
