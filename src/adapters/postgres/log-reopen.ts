import type pg from "pg";
import { Fault } from "../../model/index.ts";
import { cursorStride, type Reopening } from "../../ports/log-rows.ts";
import { requireBytes, requireId } from "../../ports/storable.ts";
import { inTransaction, type Step, type TransactionOptions } from "./transaction.ts";

/** Ends an epoch where the last checkpoint does, and begins the next one, all at once. */
export async function reopenLog(options: TransactionOptions, change: Reopening): Promise<boolean> {
  requireId("gap.id", change.gap.id);
  requireBytes("gap.bytes", change.gap.bytes);
  if ((change.end.cursor + 1n) % cursorStride === 0n) {
    throw new Fault("store_busy", "The log was reopened too often with nothing written between.");
  }
  return inTransaction(options, (client) => write(client, change));
}

async function write(client: pg.PoolClient, change: Reopening): Promise<Step<boolean>> {
  const { tenant, from, end, epoch, gap, atMs } = change;
  if (from !== null) {
    const { rowCount } = await client.query(
      `update countersign.log_epochs
       set is_open = false, size = $5, root = $6, cursor = $7
       where tenant = $1 and epoch = $2 and size = $3 and root = $4 and is_open`,
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
    if (rowCount !== 1) return { outcome: false, rollback: true };
    await cutLeaves(client, { tenant, epoch: from.epoch, after: end.cursor });
  }
  const { rowCount } = await client.query(
    `insert into countersign.log_epochs
       (tenant, epoch, start_cursor, size, root, cursor, opened_at, is_open)
     select $1, $2, $3, 0, sha256(''), $3, $4, true
     where not exists (select 1 from countersign.log_epochs where tenant = $1 and is_open)
     on conflict do nothing`,
    [tenant, epoch, end.cursor.toString(), atMs],
  );
  if (rowCount !== 1) return { outcome: false, rollback: true };
  // Before everything that was written since: a number that no entry draws.
  await client.query(
    "insert into countersign.entries (id, tenant, cursor, bytes) values ($1, $2, $3, $4)",
    [gap.id, tenant, (end.cursor + 1n).toString(), Buffer.from(gap.bytes)],
  );
  return { outcome: true };
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
