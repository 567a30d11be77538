import type { ApprovalId, RunId, TenantId } from "../../model/index.ts";
import { requireStorableApproval, requireId } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { ApprovalDecision, ApprovalDraft, ApprovalRow, Approvals } from "../../ports/store.ts";
import { toRefusal } from "./approval-refusal.ts";
import { asked, type Database, type Tables } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";

export function createPostgresApprovals({ tables, pool }: Database): Approvals {
  return {
    create: (row) => create(tables, row),
    async get(tenant, id) {
      requireId("id", id);
      const row = await asked(
        tables
          .selectFrom("approvals")
          .select(columns)
          .where("tenant", "=", tenant)
          .where("id", "=", id)
          .executeTakeFirst(),
      );
      return row === undefined ? null : toApprovalRow(row);
    },
    list: (tenant, query) => list(tables, tenant, query),
    decide: (decision) => decide(tables, decision),
    async expire(nowMs, limit) {
      const { rowCount } = await asked(
        pool.query({
          name: "expire_approvals",
          text: `update countersign.approvals a set state = 'expired'
                 from (select tenant, id from countersign.approvals
                       where state in ('pending', 'approved') and expires_at <= $1
                       order by expires_at limit $2 for update skip locked) late
                 where a.tenant = late.tenant and a.id = late.id`,
          values: [nowMs, limit],
        }),
      );
      return rowCount ?? 0;
    },
    async void(tenant, id) {
      requireId("id", id);
      const result = await asked(
        tables
          .updateTable("approvals")
          .set({ state: "voided" })
          .where("tenant", "=", tenant)
          .where("id", "=", id)
          .where("state", "in", ["pending", "approved"])
          .executeTakeFirst(),
      );
      return result.numUpdatedRows === 1n;
    },
  };
}

const columns = [
  "tenant",
  "id",
  "run_id",
  "intent",
  "state",
  "request",
  "verdict",
  "created_at",
  "expires_at",
] as const;

async function create(
  tables: Database["tables"],
  row: ApprovalDraft,
): Promise<"created" | "exists"> {
  requireStorableApproval(row);
  const result = await asked(
    tables
      .insertInto("approvals")
      .values({
        tenant: row.tenant,
        id: row.id,
        run_id: row.run,
        intent: toDigestBytes(row.intent),
        state: "pending",
        request: Buffer.from(row.request),
        verdict: null,
        created_at: row.createdAtMs,
        expires_at: row.expiresAtMs,
        token: null,
      })
      .onConflict((conflict) => conflict.columns(["tenant", "id"]).doNothing())
      .executeTakeFirst(),
  );
  return result.numInsertedOrUpdatedRows === 1n ? "created" : "exists";
}

async function list(
  tables: Database["tables"],
  tenant: TenantId,
  { state, after, limit }: Parameters<Approvals["list"]>[1],
): Promise<readonly ApprovalRow[]> {
  if (after !== undefined) requireId("after", after);
  const rows = await asked(
    tables
      .selectFrom("approvals")
      .select(columns)
      .where("tenant", "=", tenant)
      .$if(state !== undefined, (query) => query.where("state", "=", state!))
      .$if(after !== undefined, (query) => query.where("id", ">", after!))
      .orderBy("id")
      .limit(Math.min(limit, storeLimits.rowsPerPage))
      .execute(),
  );
  return rows.map(toApprovalRow);
}

async function decide(
  tables: Database["tables"],
  decision: ApprovalDecision,
): ReturnType<Approvals["decide"]> {
  requireId("id", decision.id);
  const intent = toDigestBytes(decision.intent);
  const result = await asked(
    tables
      .updateTable("approvals")
      .set({ state: decision.to, verdict: Buffer.from(decision.verdict) })
      .where("tenant", "=", decision.tenant)
      .where("id", "=", decision.id)
      .where("intent", "=", intent)
      .where("state", "=", "pending")
      .where("expires_at", ">", decision.nowMs)
      .executeTakeFirst(),
  );
  if (result.numUpdatedRows === 1n) return "decided";
  const row = await asked(
    tables
      .selectFrom("approvals")
      .select(["state", "expires_at", "intent"])
      .where("tenant", "=", decision.tenant)
      .where("id", "=", decision.id)
      .executeTakeFirst(),
  );
  return toRefusal(row, decision);
}

function toApprovalRow(row: Pick<Tables["approvals"], (typeof columns)[number]>): ApprovalRow {
  return {
    id: row.id as ApprovalId,
    tenant: row.tenant as TenantId,
    run: row.run_id as RunId | null,
    intent: fromDigestBytes(row.intent),
    state: row.state,
    request: row.request,
    verdict: row.verdict,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
  };
}
