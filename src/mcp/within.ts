import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

export interface Limits {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly withinMs: number;
  /** Who did not answer, as a sentence begins. */
  readonly who: string;
}

/** The work is given a signal that fires with the given one, and with `deadline_exceeded` after the time. */
export async function within<T>(
  { clock, signal, withinMs, who }: Limits,
  work: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  clock.sleep(withinMs, done.signal).then(
    () =>
      late.abort(new Fault("deadline_exceeded", `${who} did not answer within ${withinMs} ms.`)),
    () => undefined,
  );
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    done.abort();
  }
}
