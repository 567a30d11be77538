import type { Clock } from "../ports/clock.ts";

/** Who is told to let go, or whose time is over, has so long to do it. */
const usualGraceMs = 5_000;

/** It did not let go in time. It goes on by itself, and what it still says may come too late. */
export class LeftBehind extends Error {}

export interface Bounds {
  readonly clock: Pick<Clock, "nowMs" | "sleep">;
  readonly cut: AbortSignal;
  readonly deadlineMs: number;
  /** Instead of the usual one. */
  readonly graceMs?: number;
}

/** A run hangs on nobody, even if what it asks for ignores its deadline and its cut. */
export async function inTime<Value>(bounds: Bounds, work: () => Promise<Value>): Promise<Value> {
  const { clock, cut, deadlineMs, graceMs = usualGraceMs } = bounds;
  const done = new AbortController();
  const left = Promise.withResolvers<never>();
  const leaveIn = (ms: number): void =>
    void clock.sleep(ms, done.signal).then(
      () => left.reject(new LeftBehind("What was asked for did not end in time.")),
      () => undefined,
    );
  const onCut = (): void => leaveIn(graceMs);
  leaveIn(Math.max(0, deadlineMs - clock.nowMs()) + graceMs);
  if (cut.aborted) onCut();
  else cut.addEventListener("abort", onCut, { once: true });
  try {
    return await Promise.race([work(), left.promise]);
  } finally {
    done.abort(over);
    cut.removeEventListener("abort", onCut);
  }
}

/** Made once: an error of its own for each end costs more than all the rest here. */
const over = new Error("it is over");
