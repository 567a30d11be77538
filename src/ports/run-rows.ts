import type { Amounts, BudgetKind, Caps } from "../model/budget.ts";
import type { Digest, RunId, TenantId } from "../model/index.ts";
import type { RunState } from "../model/run-states.ts";

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
  /** Sequence of the last letter that was put into its inbox; 0: none yet. */
  readonly inbox: number;
}

export interface StoredEvent {
  readonly run: RunId;
  readonly seq: number;
  readonly payload: Uint8Array;
}

export interface Runs {
  /**
   * Makes the run with its first events (sequence 1…), its blobs and, in the same transaction, its
   * first wake. `exists`: its id is taken, or its key.
   */
  create(draft: RunDraft): Promise<"created" | "exists">;
  get(run: RunId): Promise<RunHead | null>;
  /** Those of the asked-for that are there, each once and in no order. At most a page is asked for. */
  heads(runs: readonly RunId[]): Promise<readonly RunHead[]>;
  /** The run that a caller's key stands for. */
  byKey(tenant: TenantId, key: Digest): Promise<KeyedRun | null>;
  /** Newest first. What it says of their state is as the last append had it. */
  list(tenant: TenantId, query: RunQuery): Promise<readonly RunRow[]>;
  /**
   * How many are in each state: of all up to `most` in each, and where less is asked for, of the newest
   * `most` of these.
   */
  count(tenant: TenantId, query: RunCounting): Promise<RunCounts>;
  /** Of those that nobody's run asked for, how many were completed from one moment to another; `most` at most. */
  countCompleted(
    tenant: TenantId,
    range: { readonly fromMs: number; readonly toMs: number; readonly most: number },
  ): Promise<number>;
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

  /** Puts a letter into the inbox, with its blobs, and wakes the run, in one transaction. */
  post(letter: LetterToRun): Promise<Posted>;
  /** In the order of their sequence. Those up to `after` were folded in, and may be gone. */
  letters(run: RunId, page: { after: number; limit: number }): Promise<readonly StoredLetter[]>;

  /** Those of the asked-for that are there. Blobs come with a commit, a draft or a letter. */
  blobs(run: RunId, ids: readonly Digest[]): Promise<ReadonlyMap<Digest, Uint8Array>>;
  /** Gives one run all blobs of another, for a fork. */
  copyBlobs(from: RunId, to: RunId): Promise<void>;

  /** What folding its events up to `seq` gave: saves reading them again. The latest is kept. */
  keepSnapshot(run: RunId, snapshot: RunSnapshot): Promise<void>;
  snapshot(run: RunId): Promise<RunSnapshot | null>;

  /** Ended before, the oldest first; none whose parent has not ended, which may still read it. */
  listEnded(beforeMs: number, limit: number): Promise<readonly RunId[]>;
  /** With its events, letters, blobs and snapshot; only an ended run. */
  remove(run: RunId): Promise<boolean>;
}

export interface RunDraft {
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly priority?: number;
  readonly events: readonly Uint8Array[];
  readonly wakeAtMs?: number | null;
  readonly wake?: boolean;
  /** For whoever lists runs. */
  readonly about?: RunAbout;
  readonly state?: RunState;
  readonly key?: KeyOfRun;
  readonly blobs?: readonly RunBlob[];
}

export interface RunAbout {
  readonly agent: string;
  /** Who started it, as `toSubjectKey` has it. */
  readonly subject: string;
  readonly parent: RunId | null;
  readonly createdAtMs: number;
}

/** A caller's name for what it starts: however often it asks, one run is made. */
export interface KeyOfRun {
  readonly hash: Digest;
  /** Of what is started: the same key for something else is refused. */
  readonly fingerprint: Digest;
}
export interface KeyedRun {
  readonly run: RunId;
  readonly fingerprint: Digest;
}

/** How a run stands, beside its state: for whoever lists runs. */
export interface RunGist {
  readonly steps: number;
  /** What it waits for, or why it stopped, was parked or failed; null: for nothing. */
  readonly why: string | null;
  /** What it has spent itself, without its sub-agents. */
  readonly micros: number;
  readonly tokens: number;
}

export type RunCounting = Pick<RunQuery, "agent" | "parent" | "subject"> & {
  readonly isTop?: boolean;
  readonly most: number;
};
export interface RunCounts {
  readonly states: Readonly<Record<RunState, number>>;
  /** There are more than were counted. */
  readonly isCut: boolean;
}

export interface RunQuery {
  readonly state?: RunState;
  readonly agent?: string;
  readonly parent?: RunId;
  /** As `toSubjectKey` has it. */
  readonly subject?: string;
  /** Only those that no other run has asked for. */
  readonly isTop?: boolean;
  /** How their id begins: digits and dashes as a UUID has them, from its first on. */
  readonly begins?: string;
  /** Those made before this one. */
  readonly before?: RunId;
  readonly limit: number;
}
export interface RunRow extends RunHead {
  readonly state: RunState;
  readonly about: RunAbout | null;
  readonly endedAtMs: number | null;
  /** Null: nothing was appended to it since this is kept. */
  readonly gist: RunGist | null;
}

/** Bytes of one run, under a digest that the caller computes (it is tenant-keyed). */
export interface RunBlob {
  readonly id: Digest;
  readonly bytes: Uint8Array;
}

export interface LetterToRun {
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly payload: Uint8Array;
  readonly blobs?: readonly RunBlob[];
}
export interface StoredLetter {
  readonly seq: number;
  readonly payload: Uint8Array;
}
/** `full`: more lie there unread than a run may have. */
export type Posted = "posted" | "ended" | "missing" | "full";

export interface RunSnapshot {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/**
 * What a tree of runs spends of one budget. A run alone keeps its budget in its own log; from its
 * first sub-agent on it stands here. Each hold has a slot of its run, and is made and settled once.
 */
export interface RunBudgets {
  /** With what the root has spent and holds by then. Does nothing where it is open. */
  open(root: RunId, opening: SharedBudget): Promise<void>;
  /** By the rule of `reserveBudget`; the same slot again is answered as the first time. */
  hold(hold: BudgetHold): Promise<"held" | BudgetKind>;
  /** What was held is let go and `cost` is spent. Once: a slot that holds nothing is left alone. */
  settle(slot: BudgetSlot, cost: Amounts): Promise<void>;
  raise(root: RunId, caps: Caps): Promise<void>;
  read(root: RunId): Promise<(SharedBudget & { readonly held: Amounts }) | null>;
}
export interface SharedBudget {
  readonly tenant: TenantId;
  readonly caps: Caps;
  readonly spent: Amounts;
}
export interface BudgetSlot {
  readonly root: RunId;
  readonly run: RunId;
  /** `model:3:1`: which step, and which attempt at it. */
  readonly slot: string;
}
export interface BudgetHold extends BudgetSlot {
  readonly amounts: Amounts;
}
