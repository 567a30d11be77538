import type { Digest, RunId, TenantId } from "../model/index.ts";

/**
 * Working directories of tools, kept as their files' bytes: what the store holds of each is its newest
 * state, whole. All bytes are sealed and all ids keyed by whoever asks.
 */
export interface WorkspaceRows {
  get(key: WorkspaceKey): Promise<WorkspaceRow | null>;
  /** Those of the asked-for that the newest state has. */
  blobs(key: WorkspaceKey, ids: readonly Digest[]): Promise<ReadonlyMap<Digest, Uint8Array>>;
  /**
   * Makes the state the newest, if the one before it still is; bytes that it does not name are gone with
   * that. `stale`: another change was first, or its run is not there any more.
   */
  put(change: WorkspaceChange): Promise<"put" | "stale">;
  /** Gives a run that has none a copy of what another run's workspaces are at this moment. */
  copy(tenant: TenantId, runs: { readonly from: RunId; readonly to: RunId }): Promise<void>;
  /** Of no run, and not changed since: at most so many; how many went. */
  sweep(beforeMs: number, limit: number): Promise<number>;
  /** Of no run, and of this subject, as `toSubjectKey` has it. Those of runs go with their runs. */
  erase(tenant: TenantId, subject: string, limit: number): Promise<number>;
}

export interface WorkspaceKey {
  readonly tenant: TenantId;
  /** No two servers share one: what one may reach, the other may not. */
  readonly server: string;
  /** The run's id, or a digest of whose it is outside of runs. */
  readonly owner: string;
}

export interface WorkspaceRow {
  /** How often it was changed; each change knows the number before it. */
  readonly version: number;
  /** The blob that names all others. */
  readonly manifest: Digest;
  readonly bytes: Uint8Array;
  /** Keys of the calls that changed it last, the newest first. */
  readonly calls: readonly string[];
}

export interface WorkspaceChange {
  readonly key: WorkspaceKey;
  /** Null: of no run. */
  readonly run: RunId | null;
  readonly subject: string;
  /** Of the state that was changed; 0: there was none. */
  readonly version: number;
  readonly manifest: Digest;
  /** What is there already may be left out. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
  /** All that the state consists of: the manifest's own, and what it names. */
  readonly keeps: readonly Digest[];
  readonly calls: readonly string[];
  readonly nowMs: number;
}

export const workspaceLimits = {
  /** Of one state, sealed: a configuration allows 32 MiB in 1,000 files, and the manifest comes on top. */
  bytes: 40 * 1024 * 1024,
  blobs: 1_001,
  /** A call is repeated soon or never. */
  calls: 32,
} as const;
