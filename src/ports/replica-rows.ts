import type { LogEntry } from "./log-rows.ts";

/** Replicas that run, a row each: one that falls silent may have answered reads without a record. */
export interface ReplicaRows {
  beat(row: ReplicaRow): Promise<void>;
  /** Everything that it answered is recorded. */
  leave(id: string): Promise<void>;
  list(limit: number): Promise<readonly ReplicaRow[]>;
  /** Removes the row and appends what is to be said of it, at once; false when it is another one by now. */
  bury(row: ReplicaRow, entries: readonly Omit<LogEntry, "cursor">[]): Promise<boolean>;
}

export interface ReplicaRow {
  readonly id: string;
  /** Entries of what was answered before are durable, by the replica's own clock. */
  readonly durableToMs: number;
  readonly beatAtMs: number;
}
