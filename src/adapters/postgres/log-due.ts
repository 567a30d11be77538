import type { EntryId, TenantId } from "../../model/index.ts";
import { dueCount, type DueLog, type LogRows } from "../../ports/log-rows.ts";
import { toLimit } from "./log-leaves.ts";
import type { ReadRows } from "./read-rows.ts";

/** Which logs there are, and which of them are behind. */
export function createLogDue(read: ReadRows): Pick<LogRows, "listDue" | "dueOf" | "listTenants"> {
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
  };
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
