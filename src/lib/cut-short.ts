export interface Limits {
  readonly clock: { sleep(delayMs: number, signal?: AbortSignal): Promise<void> };
  /** Ends the work early, as when whoever wants it has gone. */
  readonly signal?: AbortSignal;
  readonly withinMs: number;
  /** What the work ends with after the time. */
  readonly late: () => Error;
}

/** The work is given a signal that fires with the given one, and with an error after the time. */
export async function cutShort<T>(
  { clock, signal, withinMs, late }: Limits,
  work: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  clock.sleep(withinMs, done.signal).then(
    () => over.abort(late()),
    () => undefined,
  );
  try {
    return await work(signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]));
  } finally {
    done.abort();
  }
}
