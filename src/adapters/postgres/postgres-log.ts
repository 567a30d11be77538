import type pg from "pg";
import type { EntryId, TenantId } from "../../model/index.ts";
import {
  dueCount,
  type DueLog,
  type LogEntry,
  type LogHead,
  type LogRows,
} from "../../ports/log-rows.ts";
import { requireId } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import { asked, type Database } from "./database.ts";
import { reopenLog } from "./log-reopen.ts";
import { locate, readLeaves, type EntryColumns, toEntry } from "./log-leaves.ts";
import { leadLog } from "./log-lead.ts";
import type { TransactionOptions } from "./transaction.ts";

export interface PostgresLogOptions extends TransactionOptions {
  readonly database: Database;
  readonly url: string;
}

const headsShown = 100;

export function createPostgresLog(options: PostgresLogOptions): LogRows {
  const { pool } = options.database;
  async function read<Row extends pg.QueryResultRow>(
    name: string,
    text: string,
    values: unknown[],
  ): Promise<readonly Row[]> {
    return (await asked(pool.query<Row>({ name, text, values }))).rows;
  }

  return {
    async listDue({ after, limit }) {
      const values = [after ?? "", dueCount, toLimit(limit)];
      return (await read<DueColumns>("due_logs", dueStatement, values)).map(toDue);
    },
    async dueOf(tenant) {
      const [row] = await read<DueColumns>("due_log", dueOfStatement, [tenant, dueCount]);
      return row === undefined ? null : toDue(row);
    },
    async listTenants({ after, limit }) {
      const rows = await read<{ tenant: string }>(
        "log_tenants",
        `select distinct tenant from countersign.log_epochs where tenant > $1 order by 1 limit $2`,
        [after ?? "", toLimit(limit)],
      );
      return rows.map(({ tenant }) => tenant as TenantId);
    },
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
        ...[tenant, epoch, from.size, Buffer.from(from.root)],
        ...[to.size, Buffer.from(to.root), to.cursor.toString()],
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
    reopen: (change) => reopenLog(options, change),
    async readTile({ tenant, epoch, level, index }) {
      const rows = await read<{ hashes: Buffer }>(
        "read_tile",
        `select hashes from countersign.log_tiles
         where tenant = $1 and epoch = $2 and level = $3 and index = $4`,
        [tenant, epoch, level, index],
      );
      return rows[0]?.hashes ?? null;
    },
    locate: (tenant, id) => locate(pool, tenant, id),
    readLeaves: (log, page) => readLeaves(pool, log, page),
    latest: (tenant, page) => readLatest(pool, tenant, page),
    async callOf(tenant, approval) {
      requireId("approval", approval);
      const rows = await read<{ id: string }>(
        "call_of_approval",
        "select id from countersign.calls where tenant = $1 and approval = $2 order by id limit 1",
        [tenant, approval],
      );
      return (rows[0]?.id ?? null) as EntryId | null;
    },
    lead: () => leadLog(options),
  };
}

function toLimit(limit: number): number {
  return Math.min(limit, storeLimits.rowsPerPage);
}

interface DueColumns {
  readonly tenant: string;
  readonly waiting: number;
  readonly oldest: string | null;
}

function toDue({ tenant, waiting, oldest }: DueColumns): DueLog {
  return { tenant: tenant as TenantId, waiting, oldest: oldest as EntryId | null };
}

const dueSelection = `
  select t.tenant, w.waiting, w.oldest
  from tenants t
    left join countersign.log_epochs h on h.tenant = t.tenant and h.is_open
    cross join lateral (
      select count(*)::int as waiting, min(found.id::text) as oldest
      from (select e.id from countersign.entries e
            where e.tenant = t.tenant and e.cursor > coalesce(h.cursor, 0)
            order by e.cursor limit $2) found
    ) w
  where (w.waiting > 0 or coalesce(h.size, 0) <> coalesce(h.signed_size, 0))`;

/** From one tenant to the next by the index, however many entries each of them has. */
const dueStatement = `
  with recursive tenants(tenant) as (
    (select e.tenant from countersign.entries e where e.tenant > $1
     order by e.tenant, e.cursor limit 1)
    union all
    select (select e.tenant from countersign.entries e where e.tenant > t.tenant
            order by e.tenant, e.cursor limit 1)
    from tenants t where t.tenant is not null
  )
  ${dueSelection} and t.tenant is not null order by t.tenant limit $3`;

const dueOfStatement = `with tenants(tenant) as (select $1::text collate "C") ${dueSelection}`;

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

async function readLatest(
  pool: pg.Pool,
  tenant: TenantId,
  { before, limit }: { readonly before?: EntryId; readonly limit: number },
): Promise<readonly LogEntry[]> {
  if (before !== undefined) requireId("before", before);
  const { rows } = await asked(
    pool.query<EntryColumns>({
      name: "latest_entries",
      text: `select e.id, e.cursor::text as cursor, e.bytes from countersign.entries e
             where e.tenant = $1 and ($2::uuid is null or e.cursor <
               (select b.cursor from countersign.entries b where b.id = $2::uuid and b.tenant = $1))
             order by e.cursor desc limit $3`,
      values: [tenant, before ?? null, toLimit(limit)],
    }),
  );
  return rows.map((row) => toEntry(tenant, row));
}
