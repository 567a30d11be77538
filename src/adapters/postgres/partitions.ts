import type pg from "pg";
import { schemaLock } from "./migrate.ts";

/** Tables whose rows are placed by the month in their id. A run and its events go together. */
const tables = [
  { table: "runs", key: "run_id", storage: "with (fillfactor = 70)" },
  { table: "events", key: "run_id", storage: "" },
  { table: "run_blobs", key: "run_id", storage: "" },
  { table: "run_snapshots", key: "run_id", storage: "" },
  { table: "entries", key: "id", storage: "" },
  { table: "calls", key: "id", storage: "with (fillfactor = 80)" },
] as const;

/** Rows of one table that are moved or deleted at a time: about a second. */
const movedRows = 100_000;

/** Attaching locks the default partition; rather later than in the way of appends. */
const lockTimeoutMs = 1_000;

/**
 * Makes the partitions of this month and the next ones, one short transaction each. Whatever is
 * in the way (a long transaction, too many rows in the default partition) is left for the next
 * time: the default partition takes the rows meanwhile.
 */
export async function makePartitions(
  pool: pg.Pool,
  { nowMs, monthsAhead }: { readonly nowMs: number; readonly monthsAhead: number },
): Promise<{ readonly made: readonly string[]; readonly postponed: readonly string[] }> {
  const made: string[] = [];
  const postponed: string[] = [];
  for (let ahead = 0; ahead <= monthsAhead; ahead += 1) {
    for (const { table, key, storage } of tables) {
      const month = toMonth(nowMs, ahead);
      const name = `${table}_${month.name}`;
      const outcome = await inSchemaWork(pool, (client) =>
        makePartition(client, { table, key, storage, name, month }),
      );
      if (outcome === "made") made.push(name);
      if (outcome === "postponed") postponed.push(name);
    }
  }
  return { made, postponed };
}

interface Partition {
  readonly table: string;
  readonly key: string;
  readonly storage: string;
  readonly name: string;
  readonly month: Month;
}

async function makePartition(
  client: pg.PoolClient,
  { table, key, storage, name, month }: Partition,
): Promise<"made" | "there" | "postponed"> {
  if (await exists(client, name)) return "there";
  const range = `${key} >= '${month.from}' and ${key} < '${month.to}'`;
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int as count
     from (select 1 from countersign.${table}_default where ${range} limit ${movedRows + 1}) x`,
  );
  if ((rows[0]?.count ?? 0) > movedRows) return "postponed";
  // Made apart and then attached: "create table … partition of" would lock the whole table.
  await client.query(`
    lock table countersign.${table}_default in access exclusive mode;
    create table countersign.${name}
      (like countersign.${table} including defaults including constraints) ${storage};
    with moved as (delete from countersign.${table}_default where ${range} returning *)
      insert into countersign.${name} select * from moved;
    alter table countersign.${table} attach partition countersign.${name}
      for values from ('${month.from}') to ('${month.to}');
  `);
  return "made";
}

/**
 * Drops the months before `beforeMs` in which every run has ended: the runs and what is theirs,
 * together. Entries are not touched here: what is dropped of a ledger is the ledger's to say.
 */
export async function dropEndedPartitions(
  pool: pg.Pool,
  { beforeMs, limit }: { readonly beforeMs: number; readonly limit: number },
): Promise<{ readonly dropped: readonly string[]; readonly kept: readonly string[] }> {
  const dropped: string[] = [];
  const kept: string[] = [];
  const last = toMonth(beforeMs, -1).name;
  const { rows } = await pool.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'countersign.runs'::regclass and c.relname ~ '^runs_[0-9]{4}_[0-9]{2}$'
     order by c.relname limit $1`,
    [limit],
  );
  for (const { name } of rows) {
    if (name.slice("runs_".length) > last) break;
    await clearIfEnded(pool, name);
    const outcome = await inSchemaWork(pool, (client) => dropIfEnded(client, name));
    (outcome === "dropped" ? dropped : kept).push(name);
  }
  return { dropped, kept };
}

async function dropIfEnded(client: pg.PoolClient, name: string): Promise<"dropped" | "kept"> {
  if (!(await exists(client, name))) return "kept";
  // Nothing may be appended between the look and the drop. Parents first, as appends lock them.
  await client.query(`
    lock table only countersign.runs, only countersign.events, only countersign.run_blobs,
      only countersign.run_snapshots in access exclusive mode;
    lock table countersign.${name} in access exclusive mode;
  `);
  const { rows } = await client.query(`select 1 from countersign.${name} where not ended limit 1`);
  if (rows.length > 0) return "kept";
  await client.query(`drop table countersign.${name}`);
  for (const table of ["events", "run_blobs", "run_snapshots"]) {
    await client.query(`drop table if exists countersign.${name.replace("runs", table)}`);
  }
  return "dropped";
}

/** Small tables that all months share. */
const beside = [
  ["run_letters", "run_id"],
  ["run_keys", "run_id"],
  ["run_holds", "root"],
  ["run_budgets", "root"],
] as const;

/** Before the drop, so that a crash between the two leaves the month to be met again. */
async function clearIfEnded(pool: pg.Pool, name: string): Promise<void> {
  const { rows } = await pool.query(`select 1 from countersign.${name} where not ended limit 1`);
  if (rows.length > 0) return;
  const [year, month] = name.slice("runs_".length).split("_");
  const { from, to } = toMonth(Date.UTC(Number(year), Number(month) - 1), 0);
  for (const [table, key] of beside) {
    const text = `delete from countersign.${table} where ctid = any(array(
      select ctid from countersign.${table} where ${key} >= $1 and ${key} < $2 limit $3))`;
    while ((await pool.query(text, [from, to, movedRows])).rowCount === movedRows);
  }
}

async function exists(client: pg.PoolClient, name: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass($1) is not null as there",
    [`countersign.${name}`],
  );
  return rows[0]?.there === true;
}

/** One at a time among all replicas, and never waiting long for a lock that appends need. */
async function inSchemaWork<Outcome>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Outcome>,
): Promise<Outcome | "postponed"> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query("begin");
    await client.query(`set local lock_timeout = '${lockTimeoutMs}ms'`);
    await client.query("select pg_advisory_xact_lock($1)", [schemaLock]);
    const outcome = await work(client);
    await client.query("commit");
    return outcome;
  } catch (error) {
    await client.query("rollback").catch(() => {
      broken = true;
    });
    if (isLockTimeout(error)) return "postponed";
    throw error;
  } finally {
    client.release(broken);
  }
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "55P03";
}

interface Month {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** The month `ahead` of the one that `nowMs` is in, in UTC, and the ids that were made in it. */
function toMonth(nowMs: number, ahead: number): Month {
  const now = new Date(nowMs);
  const first = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1);
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead + 1, 1);
  const name = new Date(first).toISOString().slice(0, 7).replace("-", "_");
  return { name, from: toFirstId(first), to: toFirstId(next) };
}

/** The least id of that millisecond; a UUIDv7 begins with its time in 48 bits. */
function toFirstId(ms: number): string {
  const hex = ms.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
