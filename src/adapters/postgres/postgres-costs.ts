import type { RunId, TenantId } from "../../model/index.ts";
import {
  largestSum,
  sumsShown,
  type Cost,
  type CostRange,
  type CostRows,
  type CostSums,
} from "../../ports/cost-rows.ts";
import { requireWhole } from "../../ports/storable.ts";
import { requireStorableCompletion } from "../../ports/storable-cost.ts";
import { asked, type Database } from "./database.ts";

const add = `insert into countersign.costs
    (of, is_run, tenant, day, kind, name, agent, subject, micros, tokens, unknown)
  values ($1, false, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  on conflict do nothing`;

const sums = ["micros", "tokens"]
  .map((each) => `least(sum(${each}), ${largestSum})::int8 as ${each}`)
  .join(", ");
const dearest = `order by micros desc, tokens desc`;

/** The day of the first row beyond the bound is not whole, and is left out with those before it. */
const read = `with bound as materialized (
    select coalesce((
      select day + 1 from countersign.costs where tenant = $1 and day >= $2 and day < $3
      order by day desc offset $4 limit 1
    ), $2) as day
  ), rows as materialized (
    select of, is_run, day, kind, name, agent, subject, micros, tokens, unknown
    from countersign.costs
    where tenant = $1 and day >= (select day from bound) and day < $3
  )
  select json_build_object(
    'from', (select day from bound),
    'oldest', (select min(day) from countersign.costs where tenant = $1),
    'totals', (select json_agg(t) from (
      select is_run, sum(unknown) as unknown, ${sums} from rows group by is_run) t),
    'days', (select json_agg(t) from (
      select day, ${sums} from rows group by day order by day desc) t),
    'agents', (select json_agg(t) from (
      select agent as name, ${sums} from rows group by agent
      ${dearest}, agent nulls last limit ${sumsShown}) t),
    'subjects', (select json_agg(t) from (
      select subject as name, ${sums} from rows group by subject
      ${dearest}, subject nulls last limit ${sumsShown}) t),
    'sources', (select json_agg(t) from (
      select kind, nullif(name, '') as name, ${sums} from rows group by kind, rows.name
      ${dearest}, kind, name nulls last limit ${sumsShown}) t),
    'runs', (select json_agg(t) from (
      select of as run, max(agent) as agent, ${sums} from rows where is_run group by of
      ${dearest}, of limit ${sumsShown}) t)
  ) as read`;

interface Read {
  readonly from: number;
  readonly oldest: number | null;
  readonly totals:
    | readonly {
        readonly is_run: boolean;
        readonly unknown: number;
        readonly micros: number;
        readonly tokens: number;
      }[]
    | null;
  readonly days: CostSums["days"] | null;
  readonly agents: CostSums["agents"] | null;
  readonly subjects: CostSums["subjects"] | null;
  readonly sources: (CostSums["sources"][number] & { readonly kind: Cost["kind"] })[] | null;
  readonly runs: readonly (CostSums["runs"][number] & { readonly run: RunId })[] | null;
}

export function createPostgresCosts({ pool }: Pick<Database, "pool">): CostRows {
  return {
    async add(completion) {
      requireStorableCompletion(completion);
      const { entry, tenant, day, kind, name, agent, subject, ...spent } = completion;
      const { micros, tokens, isUnknown } = spent;
      const unknown = isUnknown ? 1 : 0;
      const values = [
        entry,
        tenant,
        day,
        kind,
        name ?? "",
        agent,
        subject,
        micros,
        tokens,
        unknown,
      ];
      await asked(pool.query({ name: "add_cost", text: add, values }));
    },
    async read(tenant, range) {
      return toSums(await readSums(pool, tenant, range));
    },
    // Rows of an append that is under way are not waited for: two that wait for each other's would
    // deadlock. They are of runs that have not ended.
    async erase(tenant, subject, limit) {
      const { rowCount } = await asked(
        pool.query(
          `update countersign.costs set subject = null where ctid = any(array(
             select ctid from countersign.costs where tenant = $1 and subject = $2 limit $3
             for update skip locked
           ))`,
          [tenant, subject, limit],
        ),
      );
      return rowCount ?? 0;
    },
    async sweep(beforeDay, limit) {
      const { rowCount } = await asked(
        pool.query(
          `delete from countersign.costs where ctid = any(array(
             select ctid from countersign.costs where day < $1 limit $2
           ))`,
          [beforeDay, limit],
        ),
      );
      return rowCount ?? 0;
    },
  };
}

async function readSums(
  pool: Database["pool"],
  tenant: TenantId,
  { fromDay, toDay, mostRows }: CostRange,
): Promise<Read> {
  requireWhole("fromDay", fromDay);
  requireWhole("toDay", toDay);
  requireWhole("mostRows", mostRows);
  const values = [tenant, fromDay, toDay, mostRows];
  const { rows } = await asked(pool.query<{ read: Read }>({ text: read, values }));
  return rows[0]!.read;
}

function toSums(found: Read): CostSums {
  const totals = found.totals ?? [];
  const sumOf = (parts: typeof totals) => ({
    micros: parts.reduce((sum, { micros }) => Math.min(largestSum, sum + micros), 0),
    tokens: parts.reduce((sum, { tokens }) => Math.min(largestSum, sum + tokens), 0),
  });
  return {
    total: sumOf(totals),
    ofRuns: sumOf(totals.filter((part) => part.is_run)),
    unknown: totals.reduce((sum, { unknown }) => sum + unknown, 0),
    days: found.days ?? [],
    agents: found.agents ?? [],
    subjects: found.subjects ?? [],
    sources: found.sources ?? [],
    runs: found.runs ?? [],
    fromDay: found.from,
    oldestDay: found.oldest,
  };
}
