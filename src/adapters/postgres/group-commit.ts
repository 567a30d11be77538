import type pg from "pg";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type { CommitOutcome, CommitUnit } from "../../ports/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import { AppendQueue, type Waiting } from "./append-queue.ts";
import { createLane, type Lane } from "./lane.ts";
import type { Tokens } from "./tokens.ts";
import { writeBatch } from "./write-batch.ts";

export interface GroupCommitOptions {
  readonly connect: () => Promise<pg.Client>;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly tokens: Tokens;
  /** How long a unit may wait, an outage of Postgres included. */
  readonly commitWithinMs: number;
}

/** While one lane waits for the disk, the other one fills. More gain nothing on one disk. */
const laneCount = 2;
const batchLimits = { units: 256, bytes: 4 * 1024 * 1024 };
/** About a third of a second of full load; what is beyond is told to come back. */
const queueLimits = { units: 10_000, bytes: 64 * 1024 * 1024 };

/** Writes units in batches, on lanes that are flushed as soon as they are free. */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #queue = new AppendQueue(queueLimits);
  readonly #lanes: readonly Lane[];
  readonly #idle: Lane[];
  #scheduled = false;
  #closed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#lanes = Array.from({ length: laneCount }, () => createLane(options.connect));
    this.#idle = [...this.#lanes];
  }

  commit(unit: Pick<CommitUnit, "append" | "entries">): Promise<CommitOutcome> {
    const { clock, tokens, commitWithinMs } = this.#options;
    return new Promise((settle, fail) => {
      if (this.#closed) throw new Fault("draining", "The store is closed");
      this.#queue.add({
        append: unit.append,
        entries: unit.entries ?? [],
        token: tokens.next(),
        bytes: toSize(unit),
        deadlineMs: clock.monotonicMs() + commitWithinMs,
        uncertain: false,
        settle,
        fail,
      });
      this.#schedule();
    });
  }

  /** Takes no more, writes what waits within the bound, and gives up the rest. */
  async close(): Promise<void> {
    const { clock, commitWithinMs } = this.#options;
    this.#closed = true;
    const untilMs = clock.monotonicMs() + commitWithinMs;
    const isBusy = () => this.#queue.size > 0 || this.#idle.length < laneCount;
    while (isBusy() && clock.monotonicMs() < untilMs) await clock.sleep(5);
    this.#expire(new Error("The store was closed"));
    for (const lane of this.#lanes) lane.drop();
  }

  #schedule(): void {
    if (this.#scheduled || this.#idle.length === 0) return;
    this.#scheduled = true;
    // What the same turn of the event loop brings in shares the batch.
    setImmediate(() => this.#pump());
  }

  #pump(): void {
    this.#scheduled = false;
    while (this.#idle.length > 0) {
      const batch = this.#queue.take(batchLimits);
      if (batch.length === 0) return;
      void this.#flush(this.#idle.pop()!, batch);
    }
  }

  async #flush(lane: Lane, batch: readonly Waiting[]): Promise<void> {
    const { clock, telemetry } = this.#options;
    const startedMs = clock.monotonicMs();
    telemetry.observe("store_batch_units", batch.length);
    await writeBatch({
      ...this.#options,
      lane,
      batch,
      onOutage: (cause) => this.#expire(cause),
    });
    telemetry.observe("store_batch_seconds", (clock.monotonicMs() - startedMs) / 1000);
    this.#queue.release(batch);
    this.#idle.push(lane);
    this.#pump();
  }

  #expire(cause: unknown): void {
    for (const waiting of this.#queue.expire(this.#options.clock.monotonicMs())) {
      waiting.fail(new Fault("store_unavailable", "Postgres did not come back in time", { cause }));
    }
  }
}

/** What a row costs beside its payload. */
const rowBytes = 64;

function toSize(unit: Pick<CommitUnit, "append" | "entries">): number {
  let size = 0;
  for (const event of unit.append?.events ?? []) size += event.byteLength + rowBytes;
  for (const blob of unit.append?.blobs ?? []) size += blob.bytes.byteLength + rowBytes;
  for (const entry of unit.entries ?? []) size += entry.bytes.byteLength + rowBytes;
  return size;
}
