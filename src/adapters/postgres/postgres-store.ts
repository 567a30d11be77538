import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { requireStorableUnit } from "../../ports/storable-unit.ts";
import type { CommitOutcome, CommitUnit, Store } from "../../ports/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import { laneSettings } from "./append-statement.ts";
import { commitUnit } from "./commit-unit.ts";
import { connect, openPool } from "./connection.ts";
import { openDatabase, type Database } from "./database.ts";
import type { Enlist } from "./enlist.ts";
import { GroupCommit } from "./group-commit.ts";
import { migratePostgres } from "./migrate.ts";
import { dropEndedPartitions, makePartitions } from "./partitions.ts";
import { createPostgresApprovals } from "./postgres-approvals.ts";
import { createPostgresCalls } from "./postgres-calls.ts";
import { createPostgresCosts } from "./postgres-costs.ts";
import { createPostgresDeliveries } from "./postgres-deliveries.ts";
import { createPostgresBlobs } from "./postgres-blobs.ts";
import { createPostgresEntries } from "./postgres-entries.ts";
import { createPostgresFreezes } from "./postgres-freezes.ts";
import { createPostgresLabels } from "./postgres-labels.ts";
import { createPostgresLetters } from "./postgres-letters.ts";
import { openMemoryExtensions } from "./memory-extensions.ts";
import { createPostgresMemory, openSearchPool } from "./postgres-memory.ts";
import { createPostgresLedger } from "./postgres-log.ts";
import { createPostgresPasskeys } from "./postgres-passkeys.ts";
import { createPostgresPins } from "./postgres-pins.ts";
import { createPostgresRevisions } from "./postgres-revisions.ts";
import { createPostgresRuns } from "./postgres-runs.ts";
import {
  createPostgresSecretRows,
  openBriefPool,
  openLockingPool,
} from "./postgres-secret-rows.ts";
import { createPostgresSpendings } from "./postgres-spendings.ts";
import { createPostgresTouches } from "./postgres-touches.ts";
import { createPostgresTraces } from "./postgres-traces.ts";
import { createPostgresWorkspaces } from "./postgres-workspaces.ts";
import { createReaders, type Readers } from "./readers.ts";
import { toFault } from "./to-fault.ts";
import { createTokens } from "./tokens.ts";

export interface PostgresStoreOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Makes wakes part of a statement. A unit with wakes is a bug without it. */
  readonly enlist?: Enlist;
  /** Connections for everything but the two lanes of the group-commit writer, and the readers. */
  readonly poolSize?: number;
  /** How long a commit may take before it is given up, an outage of Postgres included. */
  readonly commitWithinMs?: number;
}

export interface PostgresStore extends Store {
  /** Makes the partitions of the months ahead. To be called once a day or more often. */
  makePartitions(): Promise<{
    readonly made: readonly string[];
    readonly postponed: readonly string[];
  }>;
  /** Drops months of ended runs, with their events, that lie wholly before `beforeMs`. */
  dropEnded(options: {
    readonly beforeMs: number;
    readonly limit: number;
  }): Promise<{ readonly dropped: readonly string[]; readonly kept: readonly string[] }>;
}

const statementTimeoutMs = 15_000;
const monthsAhead = 3;

export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { url, clock, random, telemetry, enlist, poolSize = 8, commitWithinMs = 15_000 } = options;
  await migratePostgres({ url });
  const extensions = await openMemoryExtensions({ url, telemetry });
  const pool = openPool({ url, name: "store", statementTimeoutMs }, poolSize);
  const locking = openLockingPool(url);
  const briefPool = openBriefPool(url);
  const searches = openSearchPool(url);
  const database = openDatabase(pool, openReaders(url));
  const tokens = createTokens(random);
  const transactions = { pool, clock, random, withinMs: commitWithinMs };
  const lanes = { connect: () => connectLane(url), commitWithinMs, tokens };
  const writer = new GroupCommit({ ...lanes, clock, random, telemetry });

  async function commit(unit: CommitUnit): Promise<CommitOutcome> {
    requireStorableUnit(unit);
    if (needsTransaction(unit))
      return commitUnit({ ...transactions, unit, token: tokens.next(), enlist });
    if (unit.append === undefined && (unit.entries?.length ?? 0) === 0) {
      return { kind: "committed", head: null };
    }
    return writer.commit(unit);
  }

  async function makeAhead(): ReturnType<PostgresStore["makePartitions"]> {
    const outcome = await makePartitions(pool, { nowMs: clock.nowMs(), monthsAhead }).catch(fail);
    if (outcome.postponed.length > 0) {
      telemetry.log("warn", "Partitions are left for later; rows go to the default one", {
        partitions: outcome.postponed,
      });
    }
    return outcome;
  }

  const close = () => closeAll(writer, [database.readers, pool, locking, briefPool, searches]);
  await makeAhead().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    ...createPostgresRuns({ ...transactions, database, tokens, enlist }),
    ...createTables(database),
    entries: createPostgresEntries(database, clock),
    approvals: createPostgresApprovals({ ...transactions, database, tokens, enlist }),
    calls: createPostgresCalls(database),
    memory: createPostgresMemory({ ...transactions, extensions, searches }),
    passkeys: createPostgresPasskeys({ ...transactions, database }),
    ...createPostgresLedger({ ...transactions, database, tokens, url }),
    secrets: createPostgresSecretRows({ ...transactions, database, pool: locking, briefPool }),
    commit,
    makePartitions: makeAhead,
    dropEnded: (limits) => dropEndedPartitions(pool, limits).catch(fail),
    close,
  };
}

/** What needs nothing but the database. */
function createTables(database: Database) {
  return {
    blobs: createPostgresBlobs(database),
    revisions: createPostgresRevisions(database),
    pins: createPostgresPins(database),
    letters: createPostgresLetters(database),
    labels: createPostgresLabels(database),
    freezes: createPostgresFreezes(database),
    spendings: createPostgresSpendings(database),
    costs: createPostgresCosts(database),
    touches: createPostgresTouches(database),
    traces: createPostgresTraces(database),
    workspaces: createPostgresWorkspaces(database),
    deliveries: createPostgresDeliveries(database),
  };
}

/** Group commit writes one statement; what has to look first has a transaction of its own. */
function needsTransaction({ append, consume, wakes, letters, entries }: CommitUnit): boolean {
  if (consume !== undefined || (wakes?.length ?? 0) > 0 || (letters?.length ?? 0) > 0) return true;
  const keys = (entries ?? []).flatMap(({ opens }) => opens?.key ?? []);
  // A run's one key is claimed in the statement that appends, unless a call in doubt hands it on.
  const isClaimedThere =
    append !== undefined && keys.length === 1 && keys[0]!.repeats === undefined;
  return keys.length > 0 && !isClaimedThere;
}

async function closeAll(
  writer: GroupCommit,
  pools: readonly { end(): Promise<void> }[],
): Promise<void> {
  await writer.close();
  await Promise.all(pools.map((pool) => pool.end()));
}

function openReaders(url: string): Readers {
  return createReaders(() => connect({ url, name: "store", statementTimeoutMs, pipeline: true }));
}

async function connectLane(url: string): ReturnType<typeof connect> {
  const client = await connect({ url, name: "writer", statementTimeoutMs });
  await client.query(laneSettings);
  return client;
}

function fail(error: unknown): never {
  throw toFault(error);
}
