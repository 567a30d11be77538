import type { ApprovalId } from "../model/index.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";

/** Replicas tell each other here that an approval was asked for or decided. */
const channel = "approvals";
/** Whoever waits looks again at this pace, in case a hint was lost. */
const pollMs = 2_000;

/** That something happened to approvals; what it was is read from the store. */
export interface ApprovalNews {
  tell(id: ApprovalId): void;
  /** Resolves at the next news of this one (null: of any), at the poll, and when the signal says so. */
  changed(id: ApprovalId | null, signal: AbortSignal): Promise<void>;
  /** Counts up with all news that this replica has heard. */
  count(): number;
  /** When this replica began to listen: what it counted before says nothing. */
  readonly since: number;
  close(): Promise<void>;
}

export async function createApprovalNews({
  bus,
  clock,
}: {
  readonly bus: Bus;
  readonly clock: Clock;
}): Promise<ApprovalNews> {
  const waiting = new Map<ApprovalId | null, Set<() => void>>();
  let heard = 0;

  function wake(id: ApprovalId | null): void {
    for (const wakeOne of waiting.get(id) ?? []) wakeOne();
  }
  function hear(id: ApprovalId | null): void {
    heard += 1;
    wake(null);
    if (id !== null) return wake(id);
    // After a gap any of them may have changed.
    for (const each of waiting.keys()) wake(each);
  }

  const unsubscribe = await bus.subscribe(channel, (payload) => hear(payload as ApprovalId | null));
  return {
    tell(id) {
      hear(id);
      bus.publish(channel, id).catch(() => undefined);
    },
    async changed(id, signal) {
      if (signal.aborted) return;
      const done = new AbortController();
      const all = waiting.get(id) ?? new Set();
      waiting.set(id, all);
      const stop = (): void => done.abort();
      all.add(stop);
      signal.addEventListener("abort", stop, { once: true });
      await clock.sleep(pollMs, done.signal).catch(() => undefined);
      signal.removeEventListener("abort", stop);
      all.delete(stop);
      if (all.size === 0 && waiting.get(id) === all) waiting.delete(id);
      done.abort();
    },
    count: () => heard,
    since: clock.nowMs(),
    close: unsubscribe,
  };
}
