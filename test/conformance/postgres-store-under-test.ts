import pg from "pg";
import {
  openPostgresStore,
  type PostgresStore,
} from "../../src/adapters/postgres/postgres-store.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import type { RunId, TenantId } from "../../src/model/index.ts";
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
  await admin.query(wakeTables);
  const enlist = (source: string): string => `enlisted as (
    insert into test_wakes (run, tenant, priority)
    select run, tenant, test_enlist(priority) from ${source} order by run
    returning 1
  )`;
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
    async breakEnlist(on) {
      await admin.query("update test_breaking set broken = $1", [on]);
    },
    async close() {
      await Promise.all([store.close(), peer.close()]);
      await admin.end();
    },
  };
}

const wakeTables = `
  create table test_wakes (n bigint generated always as identity, run text, tenant text, priority int);
  create table test_breaking (broken boolean);
  insert into test_breaking values (false);
  create function test_enlist(priority int) returns int language plpgsql as $$
  begin
    if (select broken from test_breaking) then raise exception 'broken'; end if;
    return priority;
  end $$`;

async function readWakes(admin: pg.Pool): Promise<readonly WakeNow[]> {
  const { rows } = await admin.query<{ run: string; tenant: string; priority: number }>(
    "select run, tenant, priority from test_wakes order by n",
  );
  return rows.map(({ run, tenant, priority }) => ({
    run: run as RunId,
    tenant: tenant as TenantId,
    priority,
  }));
}

export const silent: Telemetry = { count() {}, observe() {}, gauge() {}, log() {} };
