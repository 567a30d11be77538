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

export class InMemoryApprovals implements Approvals {
  readonly #rows = new Map<string, ApprovalRow>();

  /** Why it may not be consumed, or `null`. */
  toRefusal(consume: Consumption): ApprovalRefusal | null {
    const state = toState(this.#rows.get(toKey(consume.tenant, consume.approval)), consume);
    return state === "approved" ? null : state;
  }

  /** Returns what takes it back. */
  consume({ tenant, approval }: Consumption): () => void {
    const row = this.#rows.get(toKey(tenant, approval))!;
    this.#change(row, { state: "consumed" });
    return () => this.#change(row, {});
  }

  async create(draft: ApprovalDraft): Promise<"created" | "exists"> {
    requireStorableApproval(draft);
    const key = toKey(draft.tenant, draft.id);
    if (this.#rows.has(key)) return "exists";
    const request = draft.request.slice();
    this.#rows.set(key, { ...draft, request, state: "pending", verdict: null });
    return "created";
  }

  async get(tenant: TenantId, id: ApprovalId): Promise<ApprovalRow | null> {
    requireId("id", id);
    return this.#rows.get(toKey(tenant, id)) ?? null;
  }

  async list(
    tenant: TenantId,
    { state, after, limit }: Parameters<Approvals["list"]>[1],
  ): Promise<readonly ApprovalRow[]> {
    if (after !== undefined) requireId("after", after);
    return [...this.#rows.values()]
      .filter((row) => row.tenant === tenant && (state === undefined || row.state === state))
      .filter((row) => after === undefined || row.id > after)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, Math.min(limit, storeLimits.rowsPerPage));
  }

  async decide(decision: ApprovalDecision): ReturnType<Approvals["decide"]> {
    requireId("id", decision.id);
    const row = this.#rows.get(toKey(decision.tenant, decision.id));
    const state = toState(row, decision);
    if (state !== "pending") return state;
    this.#change(row!, { state: decision.to, verdict: decision.verdict.slice() });
    return "decided";
  }

  async expire(nowMs: number, limit: number): Promise<number> {
    const late = [...this.#rows.values()]
      .filter((row) => isWaiting(row) && row.expiresAtMs <= nowMs)
      .toSorted((a, b) => a.expiresAtMs - b.expiresAtMs)
      .slice(0, limit);
    for (const row of late) this.#change(row, { state: "expired" });
    return late.length;
  }

  async void(tenant: TenantId, id: ApprovalId): Promise<boolean> {
    requireId("id", id);
    const row = this.#rows.get(toKey(tenant, id));
    if (row === undefined || !isWaiting(row)) return false;
    this.#change(row, { state: "voided" });
    return true;
  }

  #change(row: ApprovalRow, changes: Partial<ApprovalRow>): void {
    this.#rows.set(toKey(row.tenant, row.id), Object.freeze({ ...row, ...changes }));
  }
}

function toKey(tenant: TenantId, id: ApprovalId): string {
  return `${tenant} ${id}`;
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
