import type { ApprovalId, EntryId, TenantId } from "../model/index.ts";

/**
 * The Merkle log of each tenant: heads and hash tiles. The entries themselves are not in it. Their
 * order is that of their cursors, and a tile of leaves knows the first and the last one of its own.
 */
export interface LogRows {
  /** Logs with entries to take in, or a head that nobody signed. By tenant. */
  listDue(page: { readonly after?: TenantId; readonly limit: number }): Promise<readonly DueLog[]>;
  /** The same of one tenant; null where nothing is due. */
  dueOf(tenant: TenantId): Promise<DueLog | null>;
  /** Tenants that have a log, by name. */
  listTenants(page: {
    readonly after?: TenantId;
    readonly limit: number;
  }): Promise<readonly TenantId[]>;
  /** The open epoch first, then those that were closed, the latest first; at most a hundred. */
  heads(tenant: TenantId): Promise<readonly LogHead[]>;
  /** Opens the first epoch, where there is none yet. */
  begin(tenant: TenantId, atMs: number): Promise<void>;
  /** Tiles and head at once, if the head is still `from` and its epoch open; else nothing, and false. */
  integrate(change: Integration): Promise<boolean>;
  /** Only of the head as it is committed. False when it is another one by now. */
  sign(head: Pick<LogHead, "tenant" | "epoch" | "size" | "root">, note: string): Promise<boolean>;
  /**
   * Ends the open epoch and opens the next one behind it. The cursor of its first leaf, which comes behind
   * that of an epoch that nobody signed; null when it is another one by now.
   */
  reopen(change: Reopening): Promise<bigint | null>;
  /** Hashes of a tile; null where there is none. */
  readTile(place: LogTilePlace): Promise<Uint8Array | null>;
  /** Where entries lie, or will lie, in the order in which they are asked for; null for none. */
  locate(tenant: TenantId, ids: readonly EntryId[]): Promise<readonly (LeafPlace | null)[]>;
  /** Tiles of leaves with the entries that lie there now, which a tampering hand may have changed. */
  readLeaves(
    log: LogPlace,
    page: { readonly fromTile: number; readonly tiles: number },
  ): Promise<readonly LeafTile[]>;
  /** Entries from the latest back; before this one, if it is given. */
  latest(
    tenant: TenantId,
    page: { readonly before?: EntryId; readonly limit: number },
  ): Promise<readonly LogEntry[]>;
  /** The call that used an approval, by its intent's entry. */
  callOf(tenant: TenantId, approval: ApprovalId): Promise<EntryId | null>;
  /** Null while another process leads. */
  lead(): Promise<Leading | null>;
}

export interface LogPlace {
  readonly tenant: TenantId;
  readonly epoch: number;
}

export interface DueLog {
  readonly tenant: TenantId;
  /** Entries that wait; counting ends at `dueCount`. */
  readonly waiting: number;
  readonly oldest: EntryId | null;
}
export const dueCount = 1_000;

export interface LogHead extends LogPlace {
  /** Leaves of the epoch have cursors behind this one. */
  readonly start: bigint;
  readonly size: number;
  readonly root: Uint8Array;
  /** Of the last leaf; `start` while there is none. */
  readonly cursor: bigint;
  /** The checkpoint, and the size that it is of. */
  readonly signed: { readonly size: number; readonly note: string } | null;
  readonly openedAtMs: number;
  readonly isOpen: boolean;
}

export interface Integration extends LogPlace {
  readonly from: { readonly size: number; readonly root: Uint8Array };
  readonly to: { readonly size: number; readonly root: Uint8Array; readonly cursor: bigint };
  readonly tiles: readonly LogTile[];
}

export interface LogTile {
  readonly level: number;
  readonly index: number;
  readonly bytes: Uint8Array;
  /** Of its leaves: of a tile that was there, the first one stays what it was. Null above level 0. */
  readonly cursors: { readonly first: bigint; readonly last: bigint } | null;
}

export interface LogTilePlace extends LogPlace {
  readonly level: number;
  readonly index: number;
}

export interface Reopening {
  readonly tenant: TenantId;
  /** The open epoch as it was read; null where there is no log. */
  readonly from: {
    readonly epoch: number;
    readonly size: number;
    readonly root: Uint8Array;
  } | null;
  /** Where it ends: behind the last leaf that a checkpoint covers. What follows waits for the next one. */
  readonly end: { readonly size: number; readonly root: Uint8Array; readonly cursor: bigint };
  readonly epoch: number;
  /** The first leaf of the next epoch. */
  readonly gap: Omit<LogEntry, "cursor">;
  readonly atMs: number;
}

/**
 * Entries draw every sixteenth number as their cursor. Between two of them there is room for the
 * entries that begin an epoch, before others that were written earlier.
 */
export const cursorStride = 16n;

export interface LeafPlace {
  readonly cursor: bigint;
  /** Null until it is taken in. */
  readonly leaf: { readonly epoch: number; readonly index: number } | null;
}

/** An entry as the store has it. */
export interface LogEntry {
  readonly id: EntryId;
  readonly tenant: TenantId;
  readonly bytes: Uint8Array;
  readonly cursor: bigint;
}

export interface LeafTile {
  readonly index: number;
  readonly hashes: Uint8Array;
  /** Between the last cursor of the tile before and that of this one, in order. */
  readonly entries: readonly LogEntry[];
}

/** One process at a time, as far as that can be known: what it writes is fenced all the same. */
export interface Leading {
  /** Fires when it cannot be known any more. */
  readonly lost: AbortSignal;
  /** Asks whether it is still so. Never rejects. */
  confirm(): Promise<boolean>;
  close(): Promise<void>;
}
