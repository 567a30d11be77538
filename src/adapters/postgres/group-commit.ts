import type pg from "pg";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type { CommitOutcome, CommitUnit } from "../../ports/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import { createAppendQueue, type Waiting } from "./append-queue.ts";
import { createLane, type Lane } from "./lane.ts";
import type { Tokens } from "./tokens.ts";
import { writeBatch } from "./write-batch.ts";

export interface GroupCommit {
  commit(unit: Pick<CommitUnit, "append" | "entries">): Promise<CommitOutcome>;
  /** Takes no more, writes what waits within the bound, and gives up the rest. */
  close(): Promise<void>;
}

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

export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { clock, telemetry } = options;
  const queue = createAppendQueue(queueLimits);
  const lanes = Array.from({ length: laneCount }, () => createLane(options.connect));
  const idle: Lane[] = [...lanes];
  let scheduled = false;
  let closed = false;

  function schedule(): void {
    if (scheduled || idle.length === 0) return;
    scheduled = true;
    // What the same turn of the event loop brings in shares the batch.
    setImmediate(pump);
  }

  function pump(): void {
    scheduled = false;
    while (idle.length > 0) {
      const batch = queue.take(batchLimits);
      if (batch.length === 0) return;
      void flush(idle.pop()!, batch);
    }
  }

  async function flush(lane: Lane, batch: readonly Waiting[]): Promise<void> {
    const startedMs = clock.monotonicMs();
    telemetry.observe("store_batch_units", batch.length);
    await writeBatch({ ...options, lane, batch, onOutage: expire });
    telemetry.observe("store_batch_seconds", (clock.monotonicMs() - startedMs) / 1000);
    queue.release(batch);
    idle.push(lane);
    pump();
  }

  function expire(cause: unknown): void {
    for (const waiting of queue.expire(clock.monotonicMs())) {
      waiting.fail(new Fault("store_unavailable", "Postgres did not come back in time", { cause }));
    }
  }

  function commit(unit: Pick<CommitUnit, "append" | "entries">): Promise<CommitOutcome> {
    return new Promise((settle, fail) => {
      if (closed) throw new Fault("draining", "The store is closed");
      queue.add({
        append: unit.append,
        entries: unit.entries ?? [],
        token: options.tokens.next(),
        bytes: toSize(unit),
        deadlineMs: clock.monotonicMs() + options.commitWithinMs,
        uncertain: false,
        settle,
        fail,
      });
      schedule();
    });
  }

  async function close(): Promise<void> {
    closed = true;
    const untilMs = clock.monotonicMs() + options.commitWithinMs;
    while ((queue.size > 0 || idle.length < laneCount) && clock.monotonicMs() < untilMs) {
      await clock.sleep(5);
    }
    expire(new Error("The store was closed"));
    for (const lane of lanes) lane.drop();
  }

  return { commit, close };
}

/** What a row costs beside its payload. */
const rowBytes = 64;

function toSize(unit: Pick<CommitUnit, "append" | "entries">): number {
  let size = 0;
  for (const event of unit.append?.events ?? []) size += event.byteLength + rowBytes;
  for (const entry of unit.entries ?? []) size += entry.bytes.byteLength + rowBytes;
  return size;
}
