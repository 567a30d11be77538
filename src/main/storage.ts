import path from "node:path";
import { startEmbeddedPostgres } from "../adapters/embedded-postgres/embedded-postgres.ts";
import { createPgBossWake } from "../adapters/pg-boss/pg-boss-wake.ts";
import { openWakeQueue } from "../adapters/pg-boss/wake-queue.ts";
import { openPostgresBus } from "../adapters/postgres/postgres-bus.ts";
import { openPostgresStore, type PostgresStore } from "../adapters/postgres/postgres-store.ts";
import type { Config } from "../model/config.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Wake } from "../ports/wake.ts";
import { lockDirectory, type DirectoryLock } from "./directory-lock.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { startUpkeep } from "./upkeep.ts";

/** Everything durable, started. */
export interface Storage {
  readonly store: PostgresStore;
  readonly bus: Bus;
  readonly wake: Wake;
  /** Null where Postgres is somebody else's: then any number of servers may share it. */
  readonly lock: DirectoryLock | null;
  /** In a few words, for people. */
  readonly description: string;
}

export interface StorageOptions {
  readonly lifecycle: Lifecycle;
  readonly store: Config["store"];
  readonly keepRunsMs: number;
  /** Of countersign.yaml, which relative paths in it are meant from. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly secrets: Secrets;
}

/** Postgres checkpoints before it ends, which on a slow disk takes a while. */
const postgresStopWithinMs = 30_000;

export async function startStorage(options: StorageOptions): Promise<Storage> {
  const { lifecycle, clock, random, telemetry } = options;
  const { url, lock, description } = await startPostgres(options);
  const queue = await lifecycle.start({
    name: "wake queue",
    start: () => openWakeQueue({ url, clock, telemetry, isAlone: lock !== null }),
    stop: (started) => started.close(),
  });
  const { poolSize } = options.store;
  const store = await lifecycle.start({
    name: "store",
    start: () =>
      openPostgresStore({
        url,
        clock,
        random,
        telemetry,
        poolSize,
        enlist: (source) => queue.enlist(source),
      }),
    stop: (started) => started.close(),
  });
  const wake = await lifecycle.start({
    name: "wake",
    start: async () => createPgBossWake({ queue, runs: store.runs, clock, telemetry }),
    stop: (started) => started.close(),
  });
  const bus = await lifecycle.start({
    name: "bus",
    start: () => openPostgresBus({ url, clock, random, telemetry }),
    stop: (started) => started.close(),
  });
  await lifecycle.start({
    name: "upkeep",
    start: async () => startUpkeep({ store, clock, telemetry, keepRunsMs: options.keepRunsMs }),
    stop: (started) => started.stop(),
  });
  return { store, bus, wake, lock, description };
}

interface Postgres {
  readonly url: string;
  readonly lock: DirectoryLock | null;
  readonly description: string;
}

async function startPostgres(options: StorageOptions): Promise<Postgres> {
  const { lifecycle, store, clock, random, telemetry } = options;
  if (store.kind === "postgres") {
    const secret = await options.secrets.resolve(store.url);
    return { url: secret.reveal(), lock: null, description: `Postgres at ${store.url}` };
  }
  const directory = path.resolve(options.directory, store.directory);
  const lock = await lifecycle.start({
    name: "directory lock",
    start: () => lockDirectory(directory),
    stop: (started) => started.release(),
  });
  const postgres = await lifecycle.start({
    name: "embedded Postgres",
    start: () =>
      startEmbeddedPostgres({
        dataDir: path.join(directory, "postgres"),
        clock,
        random,
        log: (level, line) => telemetry.log(level, line, { from: "postgres" }),
      }),
    stop: (started) => started.stop(),
    stopWithinMs: postgresStopWithinMs,
  });
  const adopted = postgres.adopted ? ", taken over from a server that died" : "";
  return { url: postgres.url, lock, description: `embedded Postgres in ${directory}${adopted}` };
}
