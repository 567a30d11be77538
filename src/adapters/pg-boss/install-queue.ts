import type pg from "pg";
import type { PgBoss, UpdateQueueOptions } from "pg-boss";
import { wakeLimits } from "../../ports/wake-limits.ts";
import { indexes, parkedQueue, releaseText, schema, wakeQueue } from "./wake-sql.ts";

export interface InstallOptions {
  readonly pool: pg.Pool;
  readonly boss: PgBoss;
  readonly retries: number;
  readonly isAlone: boolean;
}

/** The key of this piece of schema work: "cs" and a number of ours. */
const lock = 0x6373_0002;

/** pg-boss deletes a queued job after its retention; ten years is its way to say never. */
const neverSeconds = 10 * 365 * 24 * 3_600;

const parkedSettings: UpdateQueueOptions = {
  retentionSeconds: neverSeconds,
  warningQueueSize: 1_000_000,
};

/**
 * Brings the queue up to this code and starts pg-boss. Any number of replicas may start at once:
 * they take turns under an advisory lock that goes with its connection.
 */
export async function installQueue(options: InstallOptions): Promise<void> {
  const { pool, boss, retries, isAlone } = options;
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [lock]);
    await boss.start();
    const settings = toSettings(retries);
    await boss.createQueue(parkedQueue, { policy: "standard" });
    await boss.updateQueue(parkedQueue, parkedSettings);
    await boss.createQueue(wakeQueue, { policy: "stately" });
    await boss.updateQueue(wakeQueue, settings);
    // Asked first: CREATE INDEX waits for every writer, even if the index is there.
    const { rows } = await client.query<{ missing: boolean }>(
      `select to_regclass('${schema}.wake_active') is null as missing`,
    );
    if (rows[0]?.missing === true) await client.query(indexes);
    if (isAlone) await client.query(releaseText);
  } finally {
    // Closed, not returned: the lock goes with it, whatever happened.
    client.release(true);
  }
}

function toSettings(retries: number): UpdateQueueOptions {
  return {
    deadLetter: parkedQueue,
    // The shortest that pg-boss takes.
    heartbeatSeconds: 10,
    // The longest that pg-boss takes; what keeps a wake is its heartbeat, not its age.
    expireInSeconds: 24 * 3_600,
    retryLimit: retries,
    retryBackoff: true,
    retryDelay: 1,
    retryDelayMax: wakeLimits.longestBackoffMs / 1_000,
    retentionSeconds: neverSeconds,
    // What is kept are wakes that were parked; the run's own log says more.
    deleteAfterSeconds: 3_600,
    // A backlog is our depth to report, not a line in the log.
    warningQueueSize: 1_000_000,
  };
}
