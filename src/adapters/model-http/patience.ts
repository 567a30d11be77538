import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";

export interface PatienceBounds {
  /** Until the first token, unless the model shows before it that it works. */
  readonly firstTokenMs: number;
  /** Between two signs that it works. */
  readonly idleMs: number;
}

export interface Patience {
  /** Fires when nothing came for too long, or the deadline passed. */
  readonly signal: AbortSignal;
  /** The model works; with its first token it has begun. */
  progressed(isToken: boolean): void;
  stop(): void;
}

/** One sleeper an answer, however many events come. */
export function startPatience(
  clock: Clock,
  { firstTokenMs, idleMs }: PatienceBounds,
  { host, deadlineMs }: { readonly host: string; readonly deadlineMs: number },
): Patience {
  const late = new AbortController();
  const done = new AbortController();
  const startedMs = clock.monotonicMs();
  const leftMs = deadlineMs - clock.nowMs();
  let hasBegun = false;
  let lastMs: number | null = null;

  const toWaitMs = (): number => {
    const nowMs = clock.monotonicMs();
    const workingMs = lastMs === null ? 0 : lastMs + idleMs;
    const untilMs = hasBegun ? workingMs : Math.max(startedMs + firstTokenMs, workingMs);
    return Math.min(untilMs, startedMs + leftMs) - nowMs;
  };
  const watch = async (): Promise<void> => {
    for (let waitMs = toWaitMs(); waitMs > 0; waitMs = toWaitMs()) {
      // Never longer than what holds once the model has begun.
      await clock.sleep(Math.min(waitMs, idleMs), done.signal);
    }
    late.abort(
      clock.monotonicMs() - startedMs >= leftMs
        ? new Fault("deadline_exceeded", `${host} was not done in time.`, { details: { host } })
        : new Fault(
            hasBegun ? "model_broken" : "model_unavailable",
            `${host} said nothing for ${hasBegun ? idleMs : firstTokenMs} ms.`,
            // It was asked: what it thought meanwhile may have to be paid.
            { details: { host, isOwed: true } },
          ),
    );
  };
  watch().catch(() => undefined);
  return {
    signal: late.signal,
    progressed: (isToken) => {
      hasBegun ||= isToken;
      lastMs = clock.monotonicMs();
    },
    stop: () => done.abort(),
  };
}
