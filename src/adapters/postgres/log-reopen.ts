import type pg from "pg";
import { Fault } from "../../model/index.ts";
import { cursorStride, type Reopening } from "../../ports/log-rows.ts";
import { requireBytes, requireId } from "../../ports/storable.ts";
import { inTransaction, type Step, type TransactionOptions } from "./transaction.ts";

/** Ends an epoch where the last checkpoint does, and begins the next one, all at once. */
export async function reopenLog(
  options: TransactionOptions,
  change: Reopening,
): Promise<bigint | null> {
  requireId("gap.id", change.gap.id);
  requireBytes("gap.bytes", change.gap.bytes);
  return inTransaction(options, (client) => write(client, change));
}

const late = { outcome: null, rollback: true } as const;

async function write(client: pg.PoolClient, change: Reopening): Promise<Step<bigint | null>> {
  const { tenant, from, end, epoch, gap, atMs } = change;
  let start = end.cursor;
  if (from !== null) {
    const { rows } = await client.query<{ unsigned: boolean }>(
      `update countersign.log_epochs
       set is_open = false, size = $5, root = $6, cursor = $7
       where tenant = $1 and epoch = $2 and size = $3 and root = $4 and is_open
       returning epoch > 1 and note is null as unsigned`,
      [
        tenant,
        from.epoch,
        from.size,
        Buffer.from(from.root),
        end.size,
        Buffer.from(end.root),
        end.cursor.toString(),
      ],
    );
    const [closed] = rows;
    if (closed === undefined) return late;
    await cutLeaves(client, { tenant, epoch: from.epoch, after: end.cursor });
    if (closed.unsigned) start = await findStart(client, tenant, end.cursor);
  }
  const first = start + 1n;
  if (first % cursorStride === 0n) {
    throw new Fault("store_busy", "The log was reopened too often with nothing written between.");
  }
  const { rowCount } = await client.query(
    `insert into countersign.log_epochs
       (tenant, epoch, start_cursor, size, root, cursor, opened_at, is_open)
     select $1, $2, $3, 0, sha256(''), $3, $4, true
     where not exists (select 1 from countersign.log_epochs where tenant = $1 and is_open)
     on conflict do nothing`,
    [tenant, epoch, start.toString(), atMs],
  );
  if (rowCount !== 1) return late;
  // Before everything that was written since: a number that no entry draws.
  await client.query(
    "insert into countersign.entries (id, tenant, cursor, bytes) values ($1, $2, $3, $4)",
    [gap.id, tenant, first.toString(), Buffer.from(gap.bytes)],
  );
  return { outcome: first };
}

/**
 * Whoever opened an epoch and could not sign it left its first leaf there. Two entries in one place could
 * never be told apart, so the next epoch begins behind it.
 */
async function findStart(client: pg.PoolClient, tenant: string, end: bigint): Promise<bigint> {
  const drawn = end - (end % cursorStride) + cursorStride;
  const { rows } = await client.query<{ start: string }>(
    `select coalesce(max(cursor), $2::int8)::text as start from countersign.entries
     where tenant = $1 and cursor > $2::int8 and cursor < $3::int8`,
    [tenant, end.toString(), drawn.toString()],
  );
  return BigInt(rows[0]!.start);
}

/** Leaves behind the end are taken in again by the next epoch. */
async function cutLeaves(
  client: pg.PoolClient,
  { tenant, epoch, after }: { tenant: string; epoch: number; after: bigint },
): Promise<void> {
  const values = [tenant, epoch, after.toString()];
  const leaves = "tenant = $1 and epoch = $2 and level = 0";
  await client.query(
    `delete from countersign.log_tiles where ${leaves} and first_cursor > $3`,
    values,
  );
  await client.query(
    `update countersign.log_tiles set last_cursor = $3 where ${leaves} and last_cursor > $3`,
    values,
  );
}
