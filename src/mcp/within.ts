import { cutShort } from "../lib/cut-short.ts";
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
export function within<T>(
  { who, ...limits }: Limits,
  work: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  const said = `${who} did not answer within ${limits.withinMs} ms.`;
  return cutShort({ ...limits, late: () => new Fault("deadline_exceeded", said) }, work);
}
