import type { ApprovalId, Digest, EntryId, RunId, TenantId } from "../model/index.ts";
import type { ApprovalRefusal, ApprovalRows } from "./approval-rows.ts";
import type { CallRows } from "./call-rows.ts";
import type { Cost, CostRows } from "./cost-rows.ts";
import type { DeliveryRows } from "./delivery-rows.ts";
import type { Entries, EntryRow } from "./entry-rows.ts";
import type { FreezeRows } from "./freeze-rows.ts";
import type { LabelRows } from "./label-rows.ts";
import type { Letters } from "./letter-rows.ts";
import type { LogRows } from "./log-rows.ts";
import type { Memory } from "./memory.ts";
import type { PasskeyRows } from "./passkey-rows.ts";
import type { Pins } from "./pin-rows.ts";
import type { ReplicaRows } from "./replica-rows.ts";
import type { Revisions } from "./revision-rows.ts";
import type { RunState } from "../model/run-states.ts";
import type { LetterToRun, RunBlob, RunBudgets, Runs, RunGist, WakeNow } from "./run-rows.ts";
import type { SecretRows } from "./secret-rows.ts";
import type { SpendingRows } from "./spending-rows.ts";
import type { Touches } from "./touches.ts";
import type { TraceRows } from "./trace-rows.ts";
import type { WorkspaceRows } from "./workspace-rows.ts";

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
  readonly memory: Memory;
  readonly letters: Letters;
  readonly secrets: SecretRows;
  readonly passkeys: PasskeyRows;
  readonly deliveries: DeliveryRows;
  readonly log: LogRows;
  readonly replicas: ReplicaRows;
  readonly labels: LabelRows;
  readonly freezes: FreezeRows;
  readonly spendings: SpendingRows;
  readonly costs: CostRows;
  readonly touches: Touches;
  readonly traces: TraceRows;
  readonly runBudgets: RunBudgets;
  readonly workspaces: WorkspaceRows;

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
  /** What other runs hear of it, each woken. One that has ended, is gone or is full hears nothing. */
  readonly letters?: readonly LetterToRun[];
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
  /** With `ended`: what it is kept for counts from then. Without it, no listing of the ended has it. */
  readonly endedAtMs?: number;
  /** For whoever lists runs; absent leaves what was said before. */
  readonly state?: RunState;
  readonly gist?: RunGist;
  /** What these events have cost, each day and name once. */
  readonly costs?: readonly Cost[];
  /** What the events name, durable with them. One that is there already is left as it is. */
  readonly blobs?: readonly RunBlob[];
  /** Letters of its inbox up to this one are folded in by these events, and go with them. */
  readonly folded?: number;
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

/** Content-addressed bytes of one tenant. The caller computes the id (it is tenant-keyed). */
export interface Blobs {
  put(tenant: TenantId, id: Digest, bytes: Uint8Array): Promise<void>;
  get(tenant: TenantId, id: Digest): Promise<Uint8Array | null>;
  remove(tenant: TenantId, id: Digest): Promise<boolean>;
}
