import type { Frozen } from "../model/freeze.ts";
import type { ApprovalId, Digest, EntryId, Label, RunId, TenantId } from "../model/index.ts";
import type { ApprovalRefusal, ApprovalRows } from "./approval-rows.ts";
import type { CallRows } from "./call-rows.ts";
import type { Entries, EntryRow } from "./entry-rows.ts";
import type { DeliveryRows } from "./delivery-rows.ts";
import type { LogRows } from "./log-rows.ts";
import type { ReplicaRows } from "./replica-rows.ts";
import type { PasskeyRows } from "./passkey-rows.ts";
import type { ChangePace, SecretFacts, SecretKey, SecretPage } from "./vault.ts";

/**
 * The one stateful dependency. Payloads are bytes that the caller has already made canonical:
 * the store never parses, re-orders or re-encodes what a digest was taken over.
 */
export interface Store {
  readonly runs: Runs;
  readonly entries: Entries;
  readonly blobs: Blobs;
  readonly revisions: Revisions;
  readonly pins: Pins;
  readonly approvals: ApprovalRows;
  readonly calls: CallRows;
  readonly memories: Memories;
  readonly letters: Letters;
  readonly secrets: SecretRows;
  readonly passkeys: PasskeyRows;
  readonly deliveries: DeliveryRows;
  readonly log: LogRows;
  readonly replicas: ReplicaRows;
  readonly labels: LabelRows;
  readonly freezes: FreezeRows;
  readonly spendings: SpendingRows;

  /**
   * The only way to make an event, an intent or an outcome durable. All or nothing: if the
   * append is fenced or the approval is not consumable, no part of the unit is written.
   * A unit of append and entries alone is group-committed with those of other runs.
   *
   * A lost connection is resolved before this answers: the unit landed once or not at all. Only
   * when that stays unknown past the deadline does it reject with `store_unavailable`; the log
   * then says what happened. Two units of one run that must follow each other are awaited.
   */
  commit(unit: CommitUnit): Promise<CommitOutcome>;
  close(): Promise<void>;
}

export interface CommitUnit {
  readonly append?: Append;
  readonly entries?: readonly EntryRow[];
  readonly consume?: Consumption;
  /** Enlisted in the same transaction: an event and the wake it causes are atomic. */
  readonly wakes?: readonly WakeNow[];
}

/** Events to add to a run, fenced by (run, head, epoch). */
export interface Append {
  readonly run: RunId;
  readonly epoch: number;
  /** The sequence of the last event the writer knows; the new ones follow it. */
  readonly head: number;
  /** At least one. */
  readonly events: readonly Uint8Array[];
  /** When the run is to be woken next. `null` clears it, absent leaves it. */
  readonly wakeAtMs?: number | null;
  /** The run has ended: nothing may be appended to it, nothing wakes it. */
  readonly ended?: boolean;
}

export interface Consumption {
  readonly tenant: TenantId;
  readonly approval: ApprovalId;
  readonly intent: Digest;
  readonly nowMs: number;
}

/** Refusals are tried in the order append, consume, key: a unit that fails two is fenced. */
export type CommitOutcome =
  | {
      readonly kind: "committed";
      readonly head: number | null;
      /** Entries that were left out, since their call had ended before. Absent: none. */
      readonly late?: readonly EntryId[];
    }
  /** Another call has the key of one of the unit's, or what it repeats is not in doubt any more. */
  | { readonly kind: "key_taken" }
  | { readonly kind: "fenced"; readonly reason: "epoch" | "head" | "ended" | "missing" }
  | { readonly kind: "unconsumable"; readonly reason: ApprovalRefusal };

export interface WakeNow {
  readonly run: RunId;
  readonly tenant: TenantId;
  /** Higher first; 0 when absent. */
  readonly priority?: number;
}

export interface RunHead {
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly epoch: number;
  readonly head: number;
  readonly priority: number;
  readonly wakeAtMs: number | null;
  readonly ended: boolean;
}

export interface StoredEvent {
  readonly run: RunId;
  readonly seq: number;
  readonly payload: Uint8Array;
}

export interface Runs {
  /** Makes the run with its first events (sequence 1…) and, in the same transaction, its first wake. */
  create(draft: RunDraft): Promise<"created" | "exists">;
  get(run: RunId): Promise<RunHead | null>;
  /**
   * Takes ownership: raises the epoch, so that every earlier owner is fenced from now on.
   * An ended run is returned as it is.
   */
  take(run: RunId): Promise<RunHead | null>;
  read(run: RunId, page: { after: number; limit: number }): Promise<readonly StoredEvent[]>;
  /**
   * Sets the timer; an earlier one wins over a later one unless `replace`. True when the run now
   * wakes at `atMs`; false when it keeps an earlier timer, has ended or is missing.
   */
  setTimer(run: RunId, atMs: number, options?: { replace?: boolean }): Promise<boolean>;
  /** Wakes runs whose time has come and clears their timers, in one transaction. */
  wakeDue(nowMs: number, limit: number): Promise<{ woken: number; nextAtMs: number | null }>;
}

export interface RunDraft {
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly priority?: number;
  readonly events: readonly Uint8Array[];
  readonly wakeAtMs?: number | null;
  readonly wake?: boolean;
}

/** Content-addressed bytes of one tenant. The caller computes the id (it is tenant-keyed). */
export interface Blobs {
  put(tenant: TenantId, id: Digest, bytes: Uint8Array): Promise<void>;
  get(tenant: TenantId, id: Digest): Promise<Uint8Array | null>;
  remove(tenant: TenantId, id: Digest): Promise<boolean>;
}

export interface RevisionRow {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly appliedAtMs: number;
}
export interface Revisions {
  current(): Promise<RevisionRow | null>;
  get(digest: Digest): Promise<RevisionRow | null>;
  list(limit: number): Promise<readonly RevisionRow[]>;
  /** Compare-and-swap: `previous` must be the current digest (null: there is none yet). */
  apply(next: RevisionRow, previous: Digest | null): Promise<"applied" | "stale">;
}

export interface PinRow {
  readonly tenant: TenantId;
  readonly server: string;
  readonly tool: string;
  readonly digest: Digest;
  readonly definition: Uint8Array;
  readonly acceptedBy: string;
  readonly acceptedAtMs: number;
}
export interface Pins {
  get(tenant: TenantId, server: string, tool: string): Promise<PinRow | null>;
  list(tenant: TenantId, server: string): Promise<readonly PinRow[]>;
  /** Replaces the pin only if it is still `previous` (null: not pinned yet). */
  accept(pin: PinRow, previous: Digest | null): Promise<"accepted" | "stale">;
  revoke(tenant: TenantId, server: string, tool: string): Promise<boolean>;
}

export interface MemoryRow {
  readonly tenant: TenantId;
  readonly scope: string;
  readonly key: string;
  readonly text: string;
  /** Digest of what the memory was taken from. */
  readonly source: Digest;
  readonly embedder: string | null;
  readonly embedding: Float32Array | null;
  readonly updatedAtMs: number;
}
export interface Memories {
  put(row: MemoryRow): Promise<void>;
  get(tenant: TenantId, scope: string, key: string): Promise<MemoryRow | null>;
  list(
    tenant: TenantId,
    scope: string,
    page: { after?: string; limit: number },
  ): Promise<readonly MemoryRow[]>;
  remove(tenant: TenantId, scope: string, key: string): Promise<boolean>;
}

/** A message to one replica, and its answer. Short-lived: whoever sent it takes it away again. */
export interface LetterDraft {
  /** A UUIDv7. */
  readonly id: string;
  /** The replica that it is for. */
  readonly owner: string;
  readonly body: Uint8Array;
  readonly nowMs: number;
}
export interface LetterState {
  /** When its owner last said that it is at work on it; null while nobody took it. */
  readonly beatMs: number | null;
  readonly reply: Uint8Array | null;
}
export interface Letters {
  put(letter: LetterDraft): Promise<void>;
  /** Takes what is for this owner and was not taken yet; each letter is given out once. */
  take(owner: string, nowMs: number): Promise<readonly { id: string; body: Uint8Array }[]>;
  /** Says that it is still being worked on. */
  beat(id: string, nowMs: number): Promise<void>;
  reply(id: string, reply: Uint8Array): Promise<void>;
  /** Null for a letter that is gone. */
  read(id: string): Promise<LetterState | null>;
  /** True when nobody had taken it: it will never be answered. */
  withdraw(id: string): Promise<boolean>;
  remove(id: string): Promise<void>;
  /** Those of before that nobody took away. */
  sweep(beforeMs: number): Promise<number>;
}

/** A secret as it lies there: its value sealed under a data key, and that key wrapped by another. */
export interface SecretRow extends SecretFacts {
  readonly sealed: Uint8Array;
  readonly wrapped: Uint8Array;
  /** Names the key that wrapped the data key. */
  readonly keyId: string;
}
/** A version above `lastVersion` was never that of this secret, those that were removed included. */
export type ChangeSecret = (
  current: SecretRow | null,
  lastVersion: number,
) => Promise<SecretRow | "remove" | null>;
export type WrappedRow = Omit<SecretRow, "sealed">;
export interface SecretRows {
  get(key: SecretKey): Promise<SecretRow | null>;
  /** In the order of names; within one the row of nobody first, then by subject. */
  list(tenant: TenantId, page: SecretPage): Promise<readonly SecretFacts[]>;
  remove(key: SecretKey): Promise<boolean>;
  /**
   * Replaces the row under a lock, also where there is none yet. `change` is called once for each
   * state that it is shown; null leaves the row. It must not change another secret meanwhile.
   * Without a pace it is slow.
   */
  change(key: SecretKey, change: ChangeSecret, pace?: ChangePace): Promise<void>;
  /** Rows of every tenant whose data key another key than this one wrapped, in the order of keys. */
  listWrappedByOthers(
    keyId: string,
    page: { readonly after: SecretKey | null; readonly limit: number },
  ): Promise<readonly WrappedRow[]>;
  /** False when the row is not any more what `row` says. The value stays as it is. */
  rewrap(row: WrappedRow, to: Pick<WrappedRow, "wrapped" | "keyId">): Promise<boolean>;
}

/** What a caller's context has touched. Labels of a row only grow, until it is forgotten. */
export interface LabelRows {
  /** Of a context that touched something at or after `sinceMs`; empty otherwise. */
  get(
    context: { readonly tenant: TenantId; readonly context: Digest },
    sinceMs: number,
  ): Promise<readonly Label[]>;
  /** Joined with those that were added at or after `sinceMs`; what is older is forgotten. */
  add(row: LabelRow, sinceMs: number): Promise<void>;
  /** Removes at most `limit` rows that nothing was added to since, and returns how many. */
  sweep(beforeMs: number, limit: number): Promise<number>;
}
export interface LabelRow {
  readonly tenant: TenantId;
  readonly context: Digest;
  readonly labels: readonly Label[];
  readonly nowMs: number;
}

/** What is stopped, by whom and why. Lifted ones stay, as a record. */
export interface FreezeRows {
  /** Of every tenant: those in force. */
  active(): Promise<readonly FreezeRow[]>;
  /** In the order in which they were put, the latest first; lifted ones too. */
  list(tenant: TenantId, limit: number): Promise<readonly StoredFreeze[]>;
  /** False when the same is frozen already. */
  put(row: FreezeRow): Promise<boolean>;
  /** False when it is not frozen. */
  lift(lift: FreezeLift): Promise<boolean>;
}
export interface FreezeRow extends Frozen {
  readonly tenant: TenantId;
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
}
export interface StoredFreeze extends FreezeRow {
  readonly lifted: { readonly by: string; readonly atMs: number } | null;
}
export interface FreezeLift extends Frozen {
  readonly tenant: TenantId;
  readonly by: string;
  readonly atMs: number;
}

/** What was spent of budgets, as one sum for all replicas; each leases a part of it beforehand. */
export interface SpendingRows {
  /** Adds as much of `amount` as the cap leaves, at once, and returns how much that was. */
  lease(
    place: SpendingPlace,
    asked: { readonly amount: number; readonly cap: number },
  ): Promise<number>;
  /** Of what was leased and not spent. */
  giveBack(place: SpendingPlace, amount: number): Promise<void>;
  /** Removes at most `limit` rows of periods that began before, and returns how many. */
  sweep(beforeMs: number, limit: number): Promise<number>;
}
export interface SpendingPlace {
  readonly tenant: TenantId;
  readonly budget: string;
  /** Whose share of it. */
  readonly share: Digest;
  /** The start of the period. */
  readonly periodMs: number;
}
