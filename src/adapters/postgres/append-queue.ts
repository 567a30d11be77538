import { Fault, type RunId } from "../../model/index.ts";
import type { Append, CommitOutcome, EntryRow } from "../../ports/store.ts";

/** A unit that waits for its batch, or for Postgres to come back. */
export interface Waiting {
  readonly append: Append | undefined;
  /** Fewer than were asked for once some turned out to be durable already. */
  entries: readonly EntryRow[];
  /** Marks what this unit writes, so that it is known again after a lost connection. */
  readonly token: bigint;
  readonly bytes: number;
  readonly deadlineMs: number;
  /** It was sent on a connection that broke: it may have landed. */
  uncertain: boolean;
  readonly settle: (outcome: CommitOutcome) => void;
  readonly fail: (error: unknown) => void;
}

export interface QueueLimits {
  readonly units: number;
  readonly bytes: number;
}

export interface AppendQueue {
  /** Throws `store_busy` at the bound. */
  add(waiting: Waiting): void;
  /** The next batch, at most one append a run; empty when nothing is ready. */
  take(limits: QueueLimits): readonly Waiting[];
  /** The batch is over: what waited for its runs is ready now. */
  release(batch: readonly Waiting[]): void;
  /** Takes out what has waited past its deadline. */
  expire(nowMs: number): readonly Waiting[];
  readonly size: number;
}

/**
 * Appends of one run keep their order and never share a batch: the second one's fence can hold
 * only once the first is committed.
 */
export function createAppendQueue(limits: QueueLimits): AppendQueue {
  let ready: Waiting[] = [];
  /** Runs with an append that is ready or in flight, and what follows it. */
  const following = new Map<RunId, Waiting[]>();
  let size = 0;
  let bytes = 0;

  function add(waiting: Waiting): void {
    if (size >= limits.units || (size > 0 && bytes + waiting.bytes > limits.bytes)) {
      throw new Fault("store_busy", `${size} units of ${bytes} bytes are waiting to be written`);
    }
    size += 1;
    bytes += waiting.bytes;
    const run = waiting.append?.run;
    const line = run === undefined ? undefined : following.get(run);
    if (line !== undefined) {
      line.push(waiting);
      return;
    }
    if (run !== undefined) following.set(run, []);
    ready.push(waiting);
  }

  function take(batch: QueueLimits): readonly Waiting[] {
    let count = 0;
    let taken = 0;
    // A unit larger than a whole batch goes alone.
    while (count < ready.length && count < batch.units) {
      const next = ready[count]!;
      if (count > 0 && taken + next.bytes > batch.bytes) break;
      taken += next.bytes;
      count += 1;
    }
    size -= count;
    bytes -= taken;
    return ready.splice(0, count);
  }

  function release(batch: readonly Waiting[]): void {
    for (const { append } of batch) {
      if (append === undefined) continue;
      const next = following.get(append.run)?.shift();
      if (next === undefined) following.delete(append.run);
      else ready.push(next);
    }
  }

  function expire(nowMs: number): readonly Waiting[] {
    const expired: Waiting[] = [];
    for (;;) {
      const late = ready.filter((waiting) => waiting.deadlineMs <= nowMs);
      if (late.length === 0) return expired;
      ready = ready.filter((waiting) => waiting.deadlineMs > nowMs);
      for (const waiting of late) {
        size -= 1;
        bytes -= waiting.bytes;
      }
      expired.push(...late);
      // What waited behind them is ready now, and may be late itself.
      release(late);
    }
  }

  return {
    add,
    take,
    release,
    expire,
    get size() {
      return size;
    },
  };
}
