import { createHash } from "node:crypto";
import type pg from "pg";
import { Fault } from "../../model/index.ts";
import { connect } from "./connection.ts";
import type { Migration } from "./migration.ts";
import { migrations as ours } from "./migrations.ts";
import { toFault } from "./to-fault.ts";

/**
 * Brings the schema up to this code. Safe to run by any number of starting replicas at once: one
 * works under an advisory lock, the others wait for it and find nothing left to do.
 */
export async function migratePostgres(options: {
  readonly url: string;
  readonly migrations?: readonly Migration[];
}): Promise<{ readonly applied: readonly string[] }> {
  try {
    const settings = { url: options.url, name: "migrate", statementTimeoutMs: schemaTimeoutMs };
    const client = await connect(settings);
    try {
      return await migrate(client, options.migrations ?? ours);
    } finally {
      await client.end();
    }
  } catch (error) {
    throw toFault(error);
  }
}

/** Long enough for an index on a large table; a start-up that waits longer says so and ends. */
export const schemaTimeoutMs = 10 * 60_000;

/** The key of every piece of schema work: "cs" and a number of ours. */
export const schemaLock = 0x6373_0001;

/** Until the session ends. Another may be at work for as long as this one may. */
export async function holdSchema(client: pg.Client): Promise<void> {
  await client.query(`set lock_timeout = '${schemaTimeoutMs}ms'`);
  await client.query("select pg_advisory_lock($1)", [schemaLock]);
}

/** The oldest version that Postgres itself still kept when this was written. */
const oldestServer = 140_000;

async function migrate(
  client: pg.Client,
  migrations: readonly Migration[],
): Promise<{ applied: readonly string[] }> {
  await requireServer(client);
  await holdSchema(client);
  await client.query(`
    create schema if not exists countersign;
    create table if not exists countersign.migrations (
      position integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    );
  `);
  const { rows } = await client.query<Applied>(
    "select position, name, checksum from countersign.migrations order by position",
  );
  requireKnown(rows, migrations);
  const missing = migrations.slice(rows.length);
  for (const [index, migration] of missing.entries()) {
    await apply(client, migration, rows.length + index + 1);
  }
  // The lock goes with the session, which ends here.
  return { applied: missing.map((migration) => migration.name) };
}

interface Applied {
  readonly position: number;
  readonly name: string;
  readonly checksum: string;
}

async function apply(client: pg.Client, migration: Migration, position: number): Promise<void> {
  await client.query("begin");
  try {
    await client.query(migration.sql);
    await client.query(
      "insert into countersign.migrations (position, name, checksum) values ($1, $2, $3)",
      [position, migration.name, toChecksum(migration)],
    );
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

function requireKnown(applied: readonly Applied[], migrations: readonly Migration[]): void {
  for (const [index, row] of applied.entries()) {
    const known = migrations[index];
    if (known === undefined) {
      throw new Fault(
        "store_incompatible",
        `The database is at step ${applied.length} (${row.name}), this code at ${migrations.length}: it was written by a newer Countersign`,
      );
    }
    if (
      row.position !== index + 1 ||
      row.name !== known.name ||
      row.checksum !== toChecksum(known)
    ) {
      throw new Fault(
        "store_incompatible",
        `Step ${index + 1} of the schema was applied as "${row.name}" ${row.checksum}, and is "${known.name}" ${toChecksum(known)} in this code`,
      );
    }
  }
}

/** The layout of the text is not part of it: a formatter may re-indent a step. */
function toChecksum(migration: Migration): string {
  return createHash("sha256").update(migration.sql.replace(/\s+/g, " ").trim()).digest("hex");
}

async function requireServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  const version = rows[0]?.version ?? 0;
  if (version < oldestServer) {
    throw new Fault("store_incompatible", `Postgres 14 or newer is needed; this is ${version}`);
  }
}
