import pg from "pg";

/** What every connection of ours has in common. */
export interface ConnectionSettings {
  readonly url: string;
  /** Shows in pg_stat_activity. */
  readonly name: string;
  readonly statementTimeoutMs: number;
  /** Statements are sent without waiting for the answers to those before them. */
  readonly pipeline?: boolean;
}

/**
 * The server cancels a statement at its timeout; the client gives up a little later, so that a
 * server that is frozen or unreachable is noticed as well.
 */
const clientMarginMs = 2_000;
const connectTimeoutMs = 5_000;
const lockTimeoutMs = 5_000;

export function toClientConfig(settings: ConnectionSettings): pg.ClientConfig {
  return {
    connectionString: settings.url,
    application_name: `countersign ${settings.name}`,
    statement_timeout: settings.statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: settings.statementTimeoutMs,
    query_timeout: settings.statementTimeoutMs + clientMarginMs,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    pipeline: settings.pipeline ?? false,
    types: { getTypeParser },
  };
}

export function openPool(settings: ConnectionSettings, max: number): pg.Pool {
  const pool = new pg.Pool({ ...toClientConfig(settings), max, idleTimeoutMillis: 30_000 });
  // A connection that breaks while idle is replaced by the pool; one that breaks in use fails its
  // statement. Without listeners either would end the process.
  pool.on("error", ignore);
  pool.on("connect", (client) => client.on("error", ignore));
  return pool;
}

export async function connect(settings: ConnectionSettings): Promise<pg.Client> {
  const client = new pg.Client(toClientConfig(settings));
  client.on("error", ignore);
  await client.connect();
  return client;
}

function ignore(): void {}

// Sequences, epochs and milliseconds are int8 and safe integers. Cursors may outgrow a double and
// are selected as text.
const int8 = 20;

function getTypeParser(oid: number, format?: "text" | "binary"): unknown {
  if (oid === int8 && format !== "binary") return parseInt8;
  return pg.types.getTypeParser(oid, format);
}

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`an int8 beyond 2^53 was read: ${text}`);
  return value;
}
