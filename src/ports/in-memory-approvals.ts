import type { ApprovalId, TenantId } from "../model/index.ts";
import { requireId, requireStorableApproval } from "./storable.ts";
import { storeLimits } from "./store-limits.ts";
import type {
  ApprovalDecision,
  ApprovalDraft,
  ApprovalRefusal,
  ApprovalRow,
  Approvals,
  Consumption,
} from "./store.ts";

export interface InMemoryApprovals extends Approvals {
  /** Why it may not be consumed, or `null`. */
  toRefusal(consume: Consumption): ApprovalRefusal | null;
  /** Returns what takes it back. */
  consume(consume: Consumption): () => void;
}

export function createInMemoryApprovals(): InMemoryApprovals {
  const rows = new Map<string, ApprovalRow>();
  const toKey = (tenant: TenantId, id: ApprovalId): string => `${tenant} ${id}`;

  function change(row: ApprovalRow, changes: Partial<ApprovalRow>): void {
    rows.set(toKey(row.tenant, row.id), Object.freeze({ ...row, ...changes }));
  }

  function create(draft: ApprovalDraft): "created" | "exists" {
    requireStorableApproval(draft);
    const key = toKey(draft.tenant, draft.id);
    if (rows.has(key)) return "exists";
    rows.set(key, {
      ...draft,
      request: draft.request.slice(),
      state: "pending",
      verdict: null,
    });
    return "created";
  }

  function decide(decision: ApprovalDecision): "decided" | "approved" | ApprovalRefusal {
    requireId("id", decision.id);
    const row = rows.get(toKey(decision.tenant, decision.id));
    const state = toState(row, decision);
    if (state !== "pending") return state;
    change(row!, { state: decision.to, verdict: decision.verdict.slice() });
    return "decided";
  }

  function expire(nowMs: number, limit: number): number {
    const late = [...rows.values()]
      .filter((row) => isWaiting(row) && row.expiresAtMs <= nowMs)
      .toSorted((a, b) => a.expiresAtMs - b.expiresAtMs)
      .slice(0, limit);
    for (const row of late) change(row, { state: "expired" });
    return late.length;
  }

  return {
    toRefusal(consume) {
      const state = toState(rows.get(toKey(consume.tenant, consume.approval)), consume);
      return state === "approved" ? null : state;
    },
    consume({ tenant, approval }) {
      const row = rows.get(toKey(tenant, approval))!;
      change(row, { state: "consumed" });
      return () => change(row, {});
    },
    create: async (draft) => create(draft),
    async get(tenant, id) {
      requireId("id", id);
      return rows.get(toKey(tenant, id)) ?? null;
    },
    async list(tenant, { state, after, limit }) {
      if (after !== undefined) requireId("after", after);
      return [...rows.values()]
        .filter((row) => row.tenant === tenant && (state === undefined || row.state === state))
        .filter((row) => after === undefined || row.id > after)
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, Math.min(limit, storeLimits.rowsPerPage));
    },
    decide: async (decision) => decide(decision),
    expire: async (nowMs, limit) => expire(nowMs, limit),
    async void(tenant, id) {
      requireId("id", id);
      const row = rows.get(toKey(tenant, id));
      if (row === undefined || !isWaiting(row)) return false;
      change(row, { state: "voided" });
      return true;
    },
  };
}

function isWaiting(row: ApprovalRow): boolean {
  return row.state === "pending" || row.state === "approved";
}

function toState(
  row: ApprovalRow | undefined,
  asked: Pick<ApprovalDecision, "intent" | "nowMs">,
): ApprovalRefusal | "approved" {
  if (row === undefined) return "missing";
  if (row.intent !== asked.intent) return "mismatch";
  return isWaiting(row) && row.expiresAtMs <= asked.nowMs ? "expired" : row.state;
}
