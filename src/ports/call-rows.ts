import type { ApprovalId, CallState, Digest, EntryId, RunId, TenantId } from "../model/index.ts";

/**
 * Calls with an effect, a row each from the intent on: what is under way or in doubt is found here,
 * and what belongs to an entry. Written in the statement that writes the entry.
 */
export interface CallRows {
  /** By the id of its intent's entry. */
  get(tenant: TenantId, id: EntryId): Promise<CallRow | null>;
  /** The call that a caller's key stands for, as long as the key is remembered. */
  byKey(tenant: TenantId, hash: Digest, nowMs: number): Promise<KeyedCall | null>;
  /** Those of which nobody can say any more how they ended, the oldest first. */
  listUnknown(tenant: TenantId, page: UnknownPage): Promise<readonly CallRow[]>;
  /**
   * From now on it is sent until then, never shorter than before. False once it is not open any more:
   * whoever holds it then sends nothing more of it.
   */
  prolong(call: Pick<CallRow, "tenant" | "id">, notAfterMs: number): Promise<boolean>;
  /** Of every tenant: still open, though their time passed before. The oldest first. */
  listOverdue(beforeMs: number, limit: number): Promise<readonly CallRow[]>;
  /** Takes away what could say who it was or what was in it; the digests stay. At most `limit`. */
  erase(tenant: TenantId, subject: string, limit: number): Promise<number>;
  /** Forgets keys, and what approvals were used for, whose time has passed; at most `limit` of each. */
  sweepKeys(nowMs: number, limit: number): Promise<number>;
}

export interface UnknownPage {
  /** Open ones count from this time on. */
  readonly nowMs: number;
  readonly after?: EntryId;
  readonly limit: number;
}

export interface CallDraft {
  /** Who is said to act, as `toSubjectKey` has it. */
  readonly subject: string;
  readonly server: string;
  /** The server's own name of the tool; null for a prompt or a resource. */
  readonly tool: string | null;
  readonly intent: Digest;
  readonly approval: ApprovalId | null;
  /** The run that it belongs to: all entries of the call name it. */
  readonly run: RunId | null;
  /** Nothing of it is sent from here on. */
  readonly notAfterMs: number;
  /** What the intent was made of, sealed; null where it is not kept. */
  readonly opening: Uint8Array | null;
  readonly atMs: number;
  /** Refused where another call has it. */
  readonly key: CallKey | null;
}

/** A caller's name for a call, which is made once however often it is sent. */
export interface CallKey {
  readonly hash: Digest;
  /** Of what is done: the same key for something else is refused. */
  readonly fingerprint: Digest;
  readonly expiresAtMs: number;
  /** The call in doubt that has the key until now, and that an entry of the same unit ends. */
  readonly repeats?: EntryId;
}

export interface CallEnding {
  readonly call: EntryId;
  readonly from: Extract<CallState, "open" | "unknown">;
  readonly to: Exclude<CallState, "open">;
  /** What was answered, sealed; null where it is not kept. */
  readonly result: Uint8Array | null;
  /** Only as long as it is not sent after this: one that was prolonged meanwhile is under way. */
  readonly notAfterMs?: number;
}

export interface CallRow extends Omit<CallDraft, "key"> {
  readonly id: EntryId;
  readonly tenant: TenantId;
  readonly state: CallState;
  readonly outcome: EntryId | null;
  readonly resolution: EntryId | null;
  readonly result: Uint8Array | null;
}

export interface KeyedCall {
  readonly fingerprint: Digest;
  readonly call: CallRow;
}
