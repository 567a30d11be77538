import type pg from "pg";
import type { EntryId, TenantId } from "../../model/index.ts";
import type { LeafPlace, LeafTile, LogEntry, LogPlace } from "../../ports/log-rows.ts";
import { requireId } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import { asked } from "./database.ts";

/** Hashes of a tile, as the layout has it. */
const tileWidth = 256;
/** A tile has 256 leaves; where a tampering hand put in more, this many of them are shown. */
const entriesPerTile = 2_000;
const tilesPerPage = 64;

export interface EntryColumns {
  readonly id: string;
  readonly cursor: string;
  readonly bytes: Buffer;
}

export function toEntry(tenant: TenantId, row: EntryColumns): LogEntry {
  return { tenant, id: row.id as EntryId, bytes: row.bytes, cursor: BigInt(row.cursor) };
}

interface Located {
  readonly id: string;
  readonly cursor: string;
  readonly epoch: number | null;
  readonly index: number;
  readonly rank: number;
}

/** The index of a leaf is that of its tile, and its rank there by cursor. */
export async function locate(
  pool: pg.Pool,
  tenant: TenantId,
  ids: readonly EntryId[],
): Promise<readonly (LeafPlace | null)[]> {
  for (const id of ids) requireId("id", id);
  if (ids.length === 0) return [];
  const { rows } = await asked(
    pool.query<Located>({
      name: "locate_entries",
      text: `select e.id, e.cursor::text as cursor, t.epoch, t.index, (
               select count(*)::int from countersign.entries o
               where o.tenant = $2 and o.cursor >= t.first_cursor and o.cursor < e.cursor) as rank
             from countersign.entries e
               left join lateral (
                 select epoch, index, first_cursor from countersign.log_tiles
                 where tenant = $2 and level = 0 and last_cursor >= e.cursor
                 order by last_cursor limit 1
               ) t on t.first_cursor <= e.cursor
             where e.id = any($1::uuid[]) and e.tenant = $2`,
      values: [ids, tenant],
    }),
  );
  const places = new Map(rows.map((row) => [row.id, toPlace(row)]));
  return ids.map((id) => places.get(id) ?? null);
}

function toPlace({ cursor, epoch, index, rank }: Located): LeafPlace {
  const leaf = epoch === null ? null : { epoch, index: index * tileWidth + rank };
  return { cursor: BigInt(cursor), leaf };
}

interface Bounds {
  readonly index: number;
  readonly hashes: Buffer;
  readonly last: string;
  /** The last cursor of the tile before, or where the epoch starts. */
  readonly after: string;
}

export async function readLeaves(
  pool: pg.Pool,
  { tenant, epoch }: LogPlace,
  { fromTile, tiles }: { readonly fromTile: number; readonly tiles: number },
): Promise<readonly LeafTile[]> {
  const { rows } = await asked(
    pool.query<Bounds>({
      name: "leaf_tiles",
      text: `select t.index, t.hashes, t.last_cursor::text as last,
               coalesce(b.last_cursor, h.start_cursor)::text as after
             from countersign.log_tiles t
               join countersign.log_epochs h on h.tenant = t.tenant and h.epoch = t.epoch
               left join countersign.log_tiles b on b.tenant = t.tenant and b.epoch = t.epoch
                 and b.level = 0 and b.index = t.index - 1
             where t.tenant = $1 and t.epoch = $2 and t.level = 0 and t.index >= $3
             order by t.index limit $4`,
      values: [tenant, epoch, fromTile, Math.min(tiles, tilesPerPage)],
    }),
  );
  const found: LeafTile[] = [];
  for (const { index, hashes, last, after } of rows) {
    const { rows: entries } = await asked(
      pool.query<EntryColumns>({
        name: "leaf_entries",
        text: `select e.id, e.cursor::text as cursor, e.bytes from countersign.entries e
               where e.tenant = $1 and e.cursor > $2 and e.cursor <= $3
               order by e.cursor, e.id limit ${entriesPerTile}`,
        values: [tenant, after, last],
      }),
    );
    found.push({ index, hashes, entries: entries.map((row) => toEntry(tenant, row)) });
  }
  return found;
}

export function toLimit(limit: number): number {
  return Math.min(limit, storeLimits.rowsPerPage);
}

export async function readLatest(
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
