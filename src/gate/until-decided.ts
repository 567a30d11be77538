import type { Standing } from "../ports/approvals.ts";
import type { Call } from "./call.ts";
import type { GateParts } from "./gate-parts.ts";

interface Waiting {
  readonly standing: Standing;
  readonly waitMs: number;
  /** Ends the waiting early. */
  readonly signal?: AbortSignal;
}

/**
 * How it stands once somebody decided or the time is over. With as many waiting as may, one more is
 * told at once how it stands. Throws why its caller went away.
 */
export async function untilDecided(
  { approvals, clock, waiters }: GateParts,
  { request }: Call,
  { standing: first, waitMs, signal }: Waiting,
): Promise<Standing> {
  const untilMs = clock.monotonicMs() + Math.min(waitMs, request.deadlineMs);
  if (first.state !== "pending" || waitMs <= 0 || !waiters.enter()) return first;
  const { cancel } = request;
  try {
    for (let standing = first; ;) {
      const stop = new AbortController();
      const onAbort = (): void => stop.abort();
      const signals = [cancel.signal, waiters.closing, ...(signal === undefined ? [] : [signal])];
      for (const each of signals) each.addEventListener("abort", onAbort, { once: true });
      try {
        // Before it is read: what happens in between is heard.
        const changed = approvals.changed(standing, stop.signal);
        standing = (await approvals.read(standing.tenant, standing.id)) ?? standing;
        const leftMs = untilMs - clock.monotonicMs();
        const isOver = leftMs <= 0 || signals.some(({ aborted }) => aborted);
        if (standing.state !== "pending" || isOver) {
          cancel.signal.throwIfAborted();
          return standing;
        }
        const late = clock.sleep(leftMs, stop.signal).catch(() => undefined);
        await Promise.race([changed, late]);
      } finally {
        stop.abort();
        for (const each of signals) each.removeEventListener("abort", onAbort);
      }
    }
  } finally {
    waiters.leave();
  }
}
