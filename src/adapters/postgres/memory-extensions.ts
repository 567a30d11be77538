import type pg from "pg";
import type { Telemetry } from "../../ports/telemetry.ts";
import { connect } from "./connection.ts";
import { holdSchema, schemaTimeoutMs } from "./migrate.ts";
import { toFault } from "./to-fault.ts";

/** What this Postgres has beside its core: the schema each lies in, quoted; null: it has it not. */
export interface MemoryExtensions {
  /** pg_trgm: words that are spelled otherwise. */
  readonly trigrams: string | null;
  /** pgvector: the nearest of all vectors of a scope, however many there are. */
  readonly vectors: string | null;
}

/**
 * Takes what the server offers: nobody has to install what search is better with. Looked at whenever a
 * store is opened, since an extension may come later than the schema.
 */
export async function openMemoryExtensions(options: {
  readonly url: string;
  readonly telemetry: Telemetry;
}): Promise<MemoryExtensions> {
  try {
    const settings = { url: options.url, name: "memory", statementTimeoutMs: schemaTimeoutMs };
    const client = await connect(settings);
    try {
      await holdSchema(client);
      return await prepare(client, options.telemetry);
    } finally {
      // The lock goes with the session.
      await client.end();
    }
  } catch (error) {
    throw toFault(error);
  }
}

async function prepare(client: pg.Client, telemetry: Telemetry): Promise<MemoryExtensions> {
  const trigrams = await take(client, "pg_trgm");
  if (trigrams === null) {
    const missed = "memories are not found by words that are spelled otherwise";
    telemetry.log("warn", `This Postgres has no pg_trgm: ${missed}`, {});
  } else {
    await client.query(`create index if not exists memories_spelling on countersign.memories
      using gin (text ${trigrams}.gin_trgm_ops)`);
  }
  return { trigrams, vectors: await take(client, "vector") };
}

/** Where it is offered and may not be installed by us, it is missing. */
async function take(client: pg.Client, name: "pg_trgm" | "vector"): Promise<string | null> {
  const found = await find(client, name);
  if (found !== "offered") return found;
  await client
    .query(`create extension if not exists ${name} with schema countersign`)
    .catch(() => undefined);
  const made = await find(client, name);
  return made === "offered" ? null : made;
}

async function find(client: pg.Client, name: string): Promise<string | null> {
  const { rows } = await client.query<{ place: string | null }>(
    `select (select quote_ident(n.nspname) from pg_extension e
        join pg_namespace n on n.oid = e.extnamespace where e.extname = a.name) as place
      from pg_available_extensions a where a.name = $1`,
    [name],
  );
  return rows.length === 0 ? null : (rows[0]!.place ?? "offered");
}
