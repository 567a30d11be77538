import type { EntryId, TenantId } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import { requireId } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { Entries, StoredEntry } from "../../ports/store.ts";
import { asked, type Database } from "./database.ts";

/** Commits take milliseconds; a page that met one under way waits this long in all. */
const settleTries = 25;
const settleWaitMs = 2;

export function createPostgresEntries(database: Database, clock: Clock): Entries {
  // Every cursor up to here belongs to a transaction that has ended.
  let settled = 0n;

  return {
    async get(tenant, id) {
      requireId("id", id);
      const { rows } = await asked(
        database.pool.query<{ bytes: Buffer }>({
          name: "get_entry",
          text: "select bytes from countersign.entries where id = $1 and tenant = $2",
          values: [id, tenant],
        }),
      );
      const row = rows[0];
      return row === undefined ? null : { id, tenant, bytes: row.bytes };
    },
    async page(tenant, page) {
      const drawn = await readDrawn(database);
      let firstEnd: bigint | null = null;
      let found: readonly StoredEntry[] = [];
      for (let tries = 0; tries < settleTries; tries += 1) {
        const view = await readPage(database, tenant, { ...page, until: drawn });
        firstEnd ??= view.end;
        found = view.entries;
        if (view.oldest >= firstEnd) {
          if (drawn > settled) settled = drawn;
          return found;
        }
        await clock.sleep(settleWaitMs);
      }
      // A long transaction is in the way; what was settled before it still is.
      return found.filter((entry) => entry.cursor <= settled);
    },
  };
}

/**
 * The last cursor that was drawn. It is read before, and apart from, the snapshot: whoever drew
 * it or an earlier one had a transaction id by then, so it is below the snapshot's end.
 */
async function readDrawn({ pool }: Database): Promise<bigint> {
  const { rows } = await asked(
    pool.query<{ drawn: string }>({
      name: "entries_drawn",
      text: `select case when is_called then last_value else 0 end::text as drawn
             from countersign.entries_cursor`,
    }),
  );
  return BigInt(rows[0]?.drawn ?? "0");
}

interface View {
  readonly entries: readonly StoredEntry[];
  /** The oldest transaction that was still running. */
  readonly oldest: bigint;
  /** No transaction from here on had begun. */
  readonly end: bigint;
}

async function readPage(
  { pool }: Database,
  tenant: TenantId,
  page: { readonly after: bigint; readonly until: bigint; readonly limit: number },
): Promise<View> {
  const { rows } = await asked(
    pool.query<{
      oldest: string;
      end: string;
      cursor: string | null;
      id: string;
      bytes: Buffer;
    }>({
      name: "page_entries",
      text: `select pg_snapshot_xmin(s.now)::text as oldest, pg_snapshot_xmax(s.now)::text as end,
                    e.cursor::text as cursor, e.id, e.bytes
             from (select pg_current_snapshot() as now) s
               left join lateral (
                 select cursor, id, bytes from countersign.entries
                 where tenant = $1 and cursor > $2 and cursor <= $3
                 order by cursor limit $4
               ) e on true
             order by e.cursor`,
      values: [
        tenant,
        page.after.toString(),
        page.until.toString(),
        Math.min(page.limit, storeLimits.rowsPerPage),
      ],
    }),
  );
  const entries = rows.flatMap((row) =>
    row.cursor === null
      ? []
      : [{ tenant, id: row.id as EntryId, bytes: row.bytes, cursor: BigInt(row.cursor) }],
  );
  return { entries, oldest: BigInt(rows[0]!.oldest), end: BigInt(rows[0]!.end) };
}
