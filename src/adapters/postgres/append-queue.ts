import { Fault, type RunId } from "../../model/index.ts";
import type { EntryRow } from "../../ports/entry-rows.ts";
import type { Append, CommitOutcome } from "../../ports/store.ts";

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

/**
 * Appends of one run keep their order and never share a batch: the second one's fence can hold
 * only once the first is committed.
 */
export class AppendQueue {
  readonly #limits: QueueLimits;
  /** Runs with an append that is ready or in flight, and what follows it. */
  readonly #following = new Map<RunId, Waiting[]>();
  #ready: Waiting[] = [];
  #size = 0;
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** Throws `store_busy` at the bound. */
  add(waiting: Waiting): void {
    const over = this.#size > 0 && this.#bytes + waiting.bytes > this.#limits.bytes;
    if (this.#size >= this.#limits.units || over) {
      throw new Fault(
        "store_busy",
        `${this.#size} units of ${this.#bytes} bytes are waiting to be written`,
      );
    }
    this.#size += 1;
    this.#bytes += waiting.bytes;
    const run = waiting.append?.run;
    const line = run === undefined ? undefined : this.#following.get(run);
    if (line !== undefined) {
      line.push(waiting);
      return;
    }
    if (run !== undefined) this.#following.set(run, []);
    this.#ready.push(waiting);
  }

  /** The next batch, at most one append a run; empty when nothing is ready. */
  take(limits: QueueLimits): readonly Waiting[] {
    let count = 0;
    let taken = 0;
    // A unit larger than a whole batch goes alone.
    while (count < this.#ready.length && count < limits.units) {
      const next = this.#ready[count]!;
      if (count > 0 && taken + next.bytes > limits.bytes) break;
      taken += next.bytes;
      count += 1;
    }
    this.#size -= count;
    this.#bytes -= taken;
    return this.#ready.splice(0, count);
  }

  /** The batch is over: what waited for its runs is ready now. */
  release(batch: readonly Waiting[]): void {
    for (const { append } of batch) {
      if (append === undefined) continue;
      const next = this.#following.get(append.run)?.shift();
      if (next === undefined) this.#following.delete(append.run);
      else this.#ready.push(next);
    }
  }

  /** Takes out what has waited past its deadline. */
  expire(nowMs: number): readonly Waiting[] {
    const expired: Waiting[] = [];
    for (;;) {
      const late = this.#ready.filter((waiting) => waiting.deadlineMs <= nowMs);
      if (late.length === 0) return expired;
      this.#ready = this.#ready.filter((waiting) => waiting.deadlineMs > nowMs);
      this.#size -= late.length;
      this.#bytes -= late.reduce((sum, waiting) => sum + waiting.bytes, 0);
      expired.push(...late);
      // What waited behind them is ready now, and may be late itself.
      this.release(late);
    }
  }
}
