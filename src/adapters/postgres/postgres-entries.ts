import type { EntryId, TenantId } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import { requireId } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { Entries, StoredEntry } from "../../ports/entry-rows.ts";
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
      const { drawn, fence } = await readDrawn(database);
      let found: readonly StoredEntry[] = [];
      for (let tries = 0; tries < settleTries; tries += 1) {
        const view = await readPage(database, tenant, { ...page, until: drawn });
        found = view.entries;
        if (view.oldest >= fence) {
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

interface Drawn {
  readonly drawn: bigint;
  /** Whoever drew that cursor or an earlier one has a transaction id below this. */
  readonly fence: bigint;
}

/**
 * The last cursor that was drawn, and then a transaction id of our own. The end of a snapshot would
 * not do for it: that is one past the last transaction that ended, and a running one may be beyond.
 */
async function readDrawn({ pool }: Database): Promise<Drawn> {
  const { rows } = await asked(
    pool.query<{ drawn: string; fence: string }>({
      name: "entries_drawn",
      // What is behind the `offset` is read before the id is drawn.
      text: `select c.drawn::text as drawn, pg_current_xact_id()::text as fence
             from (select case when is_called then last_value else 0 end as drawn
                   from countersign.entries_cursor offset 0) c`,
    }),
  );
  return { drawn: BigInt(rows[0]!.drawn), fence: BigInt(rows[0]!.fence) };
}

interface View {
  readonly entries: readonly StoredEntry[];
  /** The oldest transaction that was still running. */
  readonly oldest: bigint;
}

async function readPage(
  { pool }: Database,
  tenant: TenantId,
  page: { readonly after: bigint; readonly until: bigint; readonly limit: number },
): Promise<View> {
  const { rows } = await asked(
    pool.query<{
      oldest: string;
      cursor: string | null;
      id: string;
      bytes: Buffer;
    }>({
      name: "page_entries",
      text: `select pg_snapshot_xmin(s.now)::text as oldest, e.cursor::text as cursor, e.id, e.bytes
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
  return { entries, oldest: BigInt(rows[0]!.oldest) };
}
