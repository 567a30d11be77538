import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";

export interface Deadline {
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** Ends the work early, as at the end of the program. */
  readonly signal: AbortSignal;
}

/** Work whose signal fires when its time is over, or earlier when whoever wants it has gone. */
export async function within<T>(
  { clock, deadlineMs, signal }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const [late, done] = [new AbortController(), new AbortController()];
  const over = new Fault("deadline_exceeded", `No answer came within ${deadlineMs} ms.`);
  clock.sleep(deadlineMs, done.signal).then(
    () => late.abort(over),
    () => undefined,
  );
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    done.abort();
  }
}
