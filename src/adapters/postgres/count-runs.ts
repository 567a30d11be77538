import { mapValues } from "../../lib/map-values.ts";
import type { TenantId } from "../../model/index.ts";
import { requireId, requireWhole } from "../../ports/storable.ts";
import type { RunCounting, RunCounts, Runs } from "../../ports/run-rows.ts";
import { asked, type Database } from "./database.ts";
import { runStateNumbers } from "./run-state-numbers.ts";

/** Each state has its part of an index, and no part is read beyond the bound. */
const countAll = `select s.state, (
    select count(*) from (
      select from countersign.runs r where r.tenant = $1 and r.state = s.state limit $2
    ) counted
  ) as found
  from unnest($3::smallint[]) as s(state)`;

const countNewest = `select state, count(*) as found from (
    select state from countersign.runs
    where tenant = $1
      and ($3::text is null or agent = $3) and ($4::uuid is null or parent = $4)
      and ($5::text is null or subject = $5) and (not $6::boolean or parent is null)
    order by run_id desc limit $2
  ) newest group by state`;

export async function countRuns(
  { pool }: Pick<Database, "pool">,
  tenant: TenantId,
  counting: RunCounting,
): Promise<RunCounts> {
  const { agent, parent, subject, isTop = false, most } = counting;
  requireWhole("most", most);
  if (parent !== undefined) requireId("parent", parent);
  const isOfAll = [agent, parent, subject].every((each) => each === undefined) && !isTop;
  // One more says that there are more.
  const values = isOfAll
    ? [tenant, most + 1, Object.values(runStateNumbers)]
    : [tenant, most + 1, agent ?? null, parent ?? null, subject ?? null, isTop];
  const { rows } = await asked(
    pool.query<{ state: number; found: number }>({
      text: isOfAll ? countAll : countNewest,
      values,
    }),
  );
  const found = new Map(rows.map((row) => [row.state, Number(row.found)]));
  const counts = mapValues(runStateNumbers, (number) => found.get(number) ?? 0);
  const highest = Object.values(counts);
  const total = highest.reduce((sum, count) => sum + count, 0);
  return {
    states: mapValues(counts, (count) => Math.min(count, most)) as RunCounts["states"],
    isCut: isOfAll ? highest.some((count) => count > most) : total > most,
  };
}

export async function countCompleted(
  { pool }: Pick<Database, "pool">,
  tenant: TenantId,
  { fromMs, toMs, most }: Parameters<Runs["countCompleted"]>[1],
): Promise<number> {
  requireWhole("fromMs", fromMs);
  requireWhole("toMs", toMs);
  const { rows } = await asked(
    pool.query<{ found: number }>({
      text: `select count(*) as found from (
          select from countersign.runs
          where ended_at >= $2 and ended_at < $3 and tenant = $1 and state = $4 and parent is null
          limit $5
        ) completed`,
      values: [tenant, fromMs, toMs, runStateNumbers.completed, most],
    }),
  );
  return Number(rows[0]!.found);
}
