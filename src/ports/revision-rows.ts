import type { Digest } from "../model/index.ts";

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
