import type { RunId, TenantId } from "../model/index.ts";
import type { RunDesk } from "../ports/run-desk.ts";
import type { RunQuery, RunRow } from "../ports/run-rows.ts";

/** Somebody with few runs among very many of others is told where to go on, not kept waiting. */
const mostPages = 5;
const pageSize = 200;

interface OwnRuns {
  readonly tenant: TenantId;
  readonly query: RunQuery;
  readonly isMine: (subject: string | undefined) => boolean;
}

/** The store lists by tenant: others' are left out here. */
export async function listOwnRuns(
  runs: Pick<RunDesk, "list">,
  { tenant, query, isMine }: OwnRuns,
): Promise<{ readonly rows: readonly RunRow[]; readonly next: RunId | null }> {
  const own: RunRow[] = [];
  let from = query;
  for (let page = 0; page < mostPages; page += 1) {
    const rows = await runs.list(tenant, { ...from, limit: pageSize });
    for (const row of rows) {
      if (!isMine(row.about?.subject)) continue;
      own.push(row);
      if (own.length === query.limit) return { rows: own, next: row.run };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return { rows: own, next: null };
    from = { ...query, before: last.run };
  }
  return { rows: own, next: from.before ?? null };
}
