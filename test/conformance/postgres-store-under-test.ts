import pg from "pg";
import {
  openPostgresStore,
  type PostgresStore,
} from "../../src/adapters/postgres/postgres-store.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import type { RunId, TenantId } from "../../src/model/index.ts";
import type { SqlTransaction } from "../../src/ports/sql.ts";
import type { WakeNow } from "../../src/ports/run-rows.ts";
import type { Telemetry } from "../../src/ports/telemetry.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

export interface PostgresUnderTest extends StoreUnderTest {
  readonly store: PostgresStore;
  readonly peer: PostgresStore;
  /** A connection of the test's own, to look and to break things. */
  readonly admin: pg.Pool;
}

export interface UnderTestOptions {
  readonly commitWithinMs?: number;
  /** Another way to the same database, for the store alone. */
  readonly through?: string;
}

/** The real store with an engine that writes its wakes into a table, in the store's transaction. */
export async function makePostgresStore(
  url: string,
  { through = url, ...options }: UnderTestOptions = {},
): Promise<PostgresUnderTest> {
  const admin = new pg.Pool({ connectionString: url, max: 2 });
  // Tests break connections on purpose; these are told by their statements.
  admin.on("error", () => {});
  await admin.query(
    "create table test_wakes (n bigint generated always as identity, run text, tenant text, priority int)",
  );
  let broken = false;
  const enlist = async (tx: SqlTransaction, wakes: readonly WakeNow[]): Promise<void> => {
    for (const { run, tenant, priority } of wakes) {
      await tx.executeSql("insert into test_wakes (run, tenant, priority) values ($1, $2, $3)", [
        run,
        tenant,
        priority ?? null,
      ]);
    }
    if (broken) throw new Error("broken");
  };
  const open = (): Promise<PostgresStore> =>
    openPostgresStore({
      url: through,
      clock: systemClock,
      random: systemRandom,
      telemetry: silent,
      enlist,
      ...options,
    });
  const [store, peer] = await Promise.all([open(), open()]);
  return {
    store,
    peer,
    admin,
    readWakes: () => readWakes(admin),
    breakEnlist(on) {
      broken = on;
    },
    async close() {
      await Promise.all([store.close(), peer.close()]);
      await admin.end();
    },
  };
}

async function readWakes(admin: pg.Pool): Promise<readonly WakeNow[]> {
  const { rows } = await admin.query<{ run: string; tenant: string; priority: number | null }>(
    "select run, tenant, priority from test_wakes order by n",
  );
  return rows.map((row) => ({
    run: row.run as RunId,
    tenant: row.tenant as TenantId,
    ...(row.priority === null ? {} : { priority: row.priority }),
  }));
}

export const silent: Telemetry = { count() {}, observe() {}, gauge() {}, log() {} };
