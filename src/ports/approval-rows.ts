import type { ApprovalId, ApprovalState, Digest, RunId, TenantId } from "../model/index.ts";
import type { EntryRow } from "./entry-rows.ts";

/** Tried in this order: missing, mismatch, the row's state, expired (from `expiresAtMs` on). */
export type ApprovalRefusal =
  | "missing"
  | "pending"
  | "denied"
  | "expired"
  | "consumed"
  | "voided"
  | "mismatch";

export interface ApprovalRow {
  readonly id: ApprovalId;
  readonly tenant: TenantId;
  readonly run: RunId | null;
  readonly intent: Digest;
  /** Keyed hash of what is asked: whoever asks the same again finds this row. */
  readonly key: Digest;
  readonly server: string;
  /** The server's own name of the tool; null for a prompt or a resource. */
  readonly tool: string | null;
  readonly agent: string | null;
  /** Who asks, as `toSubjectKey` has it. */
  readonly subject: string;
  readonly state: ApprovalState;
  /** What is asked: canonical bytes, and nothing of the person. */
  readonly request: Uint8Array;
  /** What the intent was made of, sealed; null once it was erased. */
  readonly opening: Uint8Array | null;
  /** Who decided and why: canonical bytes. */
  readonly verdicts: Uint8Array | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}
export interface ApprovalRows {
  /** `exists`: the id is taken, or one of the same key waits already. */
  create(row: ApprovalDraft): Promise<"created" | "exists">;
  get(tenant: TenantId, id: ApprovalId): Promise<ApprovalRow | null>;
  /** Of those with this key that have not run out: the latest that waits, else that was denied. */
  find(tenant: TenantId, key: Digest, nowMs: number): Promise<ApprovalRow | null>;
  /** How many of a subject wait, counted up to `limit`. */
  countPending(tenant: TenantId, subject: string, limit: number): Promise<number>;
  /** The last one of a tool that was used. */
  lastConsumed(tenant: TenantId, server: string, tool: string): Promise<ApprovalRow | null>;
  list(
    tenant: TenantId,
    query: { state?: ApprovalState; after?: ApprovalId; limit: number; newestFirst?: boolean },
  ): Promise<readonly ApprovalRow[]>;
  /** Changes a pending row, with the entry that says so; refused when it is decided or past its expiry. */
  decide(decision: ApprovalDecision): Promise<"decided" | "stale" | ApprovalRefusal | "approved">;
  /** Marks pending and approved rows past their expiry and returns how many. Bounded by `limit`. */
  expire(nowMs: number, limit: number): Promise<number>;
  /** A freeze or a changed definition voids what is pending or approved. */
  void(tenant: TenantId, id: ApprovalId): Promise<boolean>;
  /** The same for all of a kind, at most `limit`; without a tenant those of every tenant. */
  voidAll(of: ApprovalsOf, limit: number): Promise<number>;
  /** Takes away what could say who asked or for what. At most `limit`; those that wait are voided. */
  erase(tenant: TenantId, subject: string, limit: number): Promise<number>;
  /** Replaces the verdicts of a decided row, when they are still `seen`: to erase who gave them. */
  rewriteVerdicts(
    row: Pick<ApprovalRow, "tenant" | "id">,
    change: VerdictsChange,
  ): Promise<boolean>;
}
export interface VerdictsChange {
  readonly seen: Uint8Array;
  readonly verdicts: Uint8Array;
}
/** What is absent is not looked at. */
export interface ApprovalsOf {
  readonly tenant?: TenantId;
  readonly server?: string;
  readonly tool?: string;
  readonly agent?: string;
}
export type ApprovalDraft = Omit<ApprovalRow, "state" | "verdicts">;
export interface ApprovalDecision {
  readonly tenant: TenantId;
  readonly id: ApprovalId;
  readonly intent: Digest;
  /** `pending`: others have to agree, too. */
  readonly to: "pending" | "approved" | "denied";
  /** With those before it, which were `seen`; else it is stale. */
  readonly verdicts: Uint8Array;
  readonly seen: Uint8Array | null;
  readonly entry: EntryRow;
  readonly nowMs: number;
}
