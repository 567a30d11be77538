import type { ApprovalId, EntryId, RunId, TenantId } from "../../model/index.ts";
import type { CallRow, CallRows } from "../../ports/call-rows.ts";
import { requireDigest, requireId, requireWhole } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import { asked, type Database, type Tables } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";

type Row = Tables["calls"];

export function createPostgresCalls({ pool, readers }: Database): CallRows {
  async function read(name: string, text: string, values: unknown[]): Promise<readonly CallRow[]> {
    const { rows } = await asked(pool.query<Row>({ name, text, values }));
    return rows.map(toCallRow);
  }

  return {
    async get(tenant, id) {
      requireId("id", id);
      const text = "select * from countersign.calls where id = $1 and tenant = $2";
      return (await read("get_call", text, [id, tenant]))[0] ?? null;
    },
    async byKey(tenant, hash, nowMs) {
      requireDigest("hash", hash);
      const { rows } = await asked(
        readers.query<Row & { fingerprint: Buffer }>({
          name: "call_by_key",
          text: `select c.*, k.fingerprint from countersign.call_keys k
                   join countersign.calls c on c.id = k.call and c.tenant = k.tenant
                 where k.tenant = $1 and k.hash = $2 and k.expires_at > $3`,
          values: [tenant, toDigestBytes(hash), nowMs],
        }),
      );
      const row = rows[0];
      if (row === undefined) return null;
      return { fingerprint: fromDigestBytes(row.fingerprint), call: toCallRow(row) };
    },
    listUnknown: (tenant, { nowMs, after, limit }) =>
      read(
        "unknown_calls",
        `select * from countersign.calls
         where tenant = $1 and state in ('open', 'unknown')
           and (state = 'unknown' or not_after <= $2) and ($3::uuid is null or id > $3::uuid)
         order by id limit $4`,
        [tenant, nowMs, after ?? null, Math.min(limit, storeLimits.rowsPerPage)],
      ),
    async prolong({ tenant, id }, notAfterMs) {
      requireId("id", id);
      requireWhole("notAfterMs", notAfterMs);
      const { rowCount } = await asked(
        pool.query({
          name: "prolong_call",
          text: `update countersign.calls set not_after = greatest(not_after, $3)
                 where id = $1 and tenant = $2 and state = 'open'`,
          values: [id, tenant, notAfterMs],
        }),
      );
      return rowCount === 1;
    },
    listOverdue: (beforeMs, limit) =>
      read(
        "overdue_calls",
        `select * from countersign.calls where state = 'open' and not_after <= $1
         order by id limit $2`,
        [beforeMs, Math.min(limit, storeLimits.rowsPerPage)],
      ),
    ...createErasing(pool),
  };
}

function createErasing(pool: Database["pool"]): Pick<CallRows, "erase" | "sweepKeys"> {
  async function change(name: string, text: string, values: unknown[]): Promise<number> {
    return (await asked(pool.query({ name, text, values }))).rowCount ?? 0;
  }
  return {
    erase: (tenant, subject, limit) =>
      change(
        "erase_calls",
        `update countersign.calls c set subject = '', opening = null, result = null
         from (select id from countersign.calls
               where tenant = $1 and subject = $2 and state <> 'open' limit $3) old
         where c.id = old.id and c.tenant = $1`,
        [tenant, subject, limit],
      ),
    async sweepKeys(nowMs, limit) {
      const used = await change(
        "sweep_used_approvals",
        `delete from countersign.used_approvals u using
           (select tenant, id from countersign.used_approvals where expires_at <= $1 limit $2) old
         where u.tenant = old.tenant and u.id = old.id`,
        [nowMs, limit],
      );
      const keys = await change(
        "sweep_call_keys",
        `delete from countersign.call_keys k using
           (select tenant, hash from countersign.call_keys where expires_at <= $1 limit $2) old
         where k.tenant = old.tenant and k.hash = old.hash`,
        [nowMs, limit],
      );
      return Math.max(used, keys);
    },
  };
}

function toCallRow(row: Row): CallRow {
  return {
    id: row.id as EntryId,
    tenant: row.tenant as TenantId,
    subject: row.subject,
    server: row.server,
    tool: row.tool,
    intent: fromDigestBytes(row.intent),
    approval: row.approval as ApprovalId | null,
    run: row.run_id as RunId | null,
    state: row.state,
    notAfterMs: row.not_after,
    atMs: row.created_at,
    opening: row.opening,
    outcome: row.outcome as EntryId | null,
    resolution: row.resolution as EntryId | null,
    result: row.result,
  };
}
