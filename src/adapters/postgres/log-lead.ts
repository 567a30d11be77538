import type pg from "pg";
import type { Leading } from "../../ports/log-rows.ts";
import { connect } from "./connection.ts";
import { asked } from "./database.ts";
import { toFault } from "./to-fault.ts";

/** "cs" and a number of ours; as the lock is taken by its two halves, it is found by them. */
const lockClass = 0x6373;
const lockNumber = 3;
const statementTimeoutMs = 5_000;
/**
 * A host that lost its power or its network says nothing, and a process that is stopped goes on holding the
 * lock: Postgres would wait for hours. The lead is confirmed every few seconds; a long round takes less.
 */
const silentMs = 60_000;

const isTaken = `select exists (
    select 1 from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and l.classid = $1 and l.objid = $2 and l.objsubid = 2
      and l.granted and d.datname = current_database()) as taken`;

/** An advisory lock on a connection of its own: it goes with the process, however that ends. */
export async function leadLog(options: {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly silentMs?: number;
}): Promise<Leading | null> {
  const place = [lockClass, lockNumber];
  const { rows } = await asked(options.pool.query<{ taken: boolean }>(isTaken, place));
  // Whoever waits for years does not open a connection each time that it asks.
  if (rows[0]!.taken) return null;
  let client: pg.Client | undefined;
  try {
    client = await connect({ url: options.url, name: "sequencer", statementTimeoutMs });
    const tried = await client.query<{ got: boolean }>(
      "select pg_try_advisory_lock($1, $2) as got",
      place,
    );
    if (!tried.rows[0]!.got) {
      await client.end();
      return null;
    }
    const leading = hold(client);
    const within = String(options.silentMs ?? silentMs);
    await client.query("select set_config('idle_session_timeout', $1, false)", [within]);
    return leading;
  } catch (error) {
    await client?.end().catch(() => undefined);
    throw toFault(error);
  }
}

function hold(client: pg.Client): Leading {
  const lost = new AbortController();
  const lose = (): void => lost.abort();
  client.once("end", lose);
  client.once("error", lose);
  return {
    lost: lost.signal,
    async confirm() {
      if (lost.signal.aborted) return false;
      try {
        await client.query("select 1");
      } catch {
        lose();
      }
      return !lost.signal.aborted;
    },
    async close() {
      lose();
      await client.end().catch(() => undefined);
    },
  };
}
