import type { TenantId } from "../../model/index.ts";
import type { LogHead, LogRows } from "../../ports/log-rows.ts";
import type { ReadRows } from "./read-rows.ts";

const headsShown = 100;

/** Heads move by compare-and-swap, their tiles with them. */
export function createLogHeads(
  read: ReadRows,
): Pick<LogRows, "heads" | "begin" | "integrate" | "sign"> {
  return {
    async heads(tenant) {
      const rows = await read<HeadColumns>(
        "log_heads",
        `select ${headColumns} from countersign.log_epochs where tenant = $1
         order by is_open desc, epoch desc limit ${headsShown}`,
        [tenant],
      );
      return rows.map(toHead);
    },
    async begin(tenant, atMs) {
      await read(
        "begin_log",
        `insert into countersign.log_epochs
           (tenant, epoch, start_cursor, size, root, cursor, opened_at, is_open)
         select $1, 1, 0, 0, sha256(''), 0, $2, true
         where not exists (select 1 from countersign.log_epochs where tenant = $1)
         on conflict do nothing`,
        [tenant, atMs],
      );
    },
    async integrate({ tenant, epoch, from, to, tiles }) {
      const [row] = await read<{ moved: number }>("integrate", integrateStatement, [
        tenant,
        epoch,
        from.size,
        Buffer.from(from.root),
        to.size,
        Buffer.from(to.root),
        to.cursor.toString(),
        tiles.map(({ level }) => level),
        tiles.map(({ index }) => index),
        tiles.map(({ bytes }) => Buffer.from(bytes)),
        tiles.map(({ cursors }) => cursors?.first.toString() ?? null),
        tiles.map(({ cursors }) => cursors?.last.toString() ?? null),
      ]);
      return row!.moved === 1;
    },
    async sign({ tenant, epoch, size, root }, note) {
      const rows = await read(
        "sign_log",
        `update countersign.log_epochs set note = $5, signed_size = size
         where tenant = $1 and epoch = $2 and size = $3 and root = $4 and is_open returning 1`,
        [tenant, epoch, size, Buffer.from(root), note],
      );
      return rows.length === 1;
    },
  };
}

/** One statement, which is one transaction: whoever is late changes nothing. */
const integrateStatement = `
  with head as (
    update countersign.log_epochs set size = $5, root = $6, cursor = $7
    where tenant = $1 and epoch = $2 and size = $3 and root = $4 and is_open
    returning tenant, epoch
  ), written as (
    insert into countersign.log_tiles
      (tenant, epoch, level, index, hashes, first_cursor, last_cursor)
    select head.tenant, head.epoch, t.*
    from head, unnest($8::int4[], $9::int8[], $10::bytea[], $11::int8[], $12::int8[]) t
    on conflict (tenant, epoch, level, index) do update
      set hashes = excluded.hashes, last_cursor = excluded.last_cursor
  )
  select count(*)::int as moved from head`;

interface HeadColumns {
  readonly tenant: string;
  readonly epoch: number;
  readonly start_cursor: string;
  readonly size: number;
  readonly root: Buffer;
  readonly cursor: string;
  readonly note: string | null;
  readonly signed_size: number | null;
  readonly opened_at: number;
  readonly is_open: boolean;
}
const headColumns = `tenant, epoch, start_cursor::text, size, root, cursor::text, note, signed_size,
  opened_at, is_open`;

function toHead(row: HeadColumns): LogHead {
  const { note, signed_size: size } = row;
  return {
    tenant: row.tenant as TenantId,
    epoch: row.epoch,
    start: BigInt(row.start_cursor),
    size: row.size,
    root: row.root,
    cursor: BigInt(row.cursor),
    signed: note === null || size === null ? null : { size, note },
    openedAtMs: row.opened_at,
    isOpen: row.is_open,
  };
}
