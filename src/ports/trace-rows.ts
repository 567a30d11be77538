import type { RunId, TenantId } from "../model/index.ts";

/**
 * How far each destination of traces has come. Spans themselves are not kept: logs are there anyway and
 * make them again, and two copies of what happened could differ.
 */
export interface TraceRows {
  /**
   * Has the destination for a while, and begins it where there is none: what ended before `nowMs` is not
   * sent. Null: another process has it.
   */
  take(asked: TraceTaking): Promise<TraceMark | null>;
  /** False, here and below: another process has it by now. */
  moveEntries(key: TraceKey, cursor: bigint): Promise<boolean>;
  /**
   * Nothing that ended before is looked at any more, and what is known of it goes: of a tree
   * once all of its runs are over, since they are looked at together.
   */
  moveSince(key: TraceKey, sinceMs: number): Promise<boolean>;
  /** Runs that went on since they were seen: open ones, and those that ended since then. By id. */
  listDue(key: TraceKey, page: DuePage): Promise<readonly DueTrace[]>;
  /** Of those of which something is known. At most a page is asked for. */
  readRuns(key: TraceKey, runs: readonly RunId[]): Promise<readonly TraceRunMark[]>;
  /** Neither ever goes back. */
  noteRun(key: TraceKey, mark: TraceRunMark): Promise<boolean>;
  leave(key: TraceKey): Promise<void>;
  /** Removes destinations that nobody has taken since, with all that is known of their runs. */
  sweep(beforeMs: number): Promise<number>;
}

export interface TraceKey {
  readonly tenant: TenantId;
  readonly destination: string;
  /** The process that has it. */
  readonly owner: string;
}

export interface TraceTaking extends TraceKey {
  readonly nowMs: number;
  readonly untilMs: number;
}

export interface DuePage {
  readonly sinceMs: number;
  /** The last one of the page before. */
  readonly after: RunId | null;
  readonly limit: number;
}

export interface DueTrace {
  readonly run: RunId;
  readonly head: number;
}

export interface TraceMark {
  readonly sinceMs: number;
  /** Cursor of the last entry that was looked at; null: none yet. */
  readonly entries: bigint | null;
}

export interface TraceRunMark {
  readonly run: RunId;
  /** Of its tree. */
  readonly root: RunId;
  /** Sequence of the last event that was looked at. */
  readonly seen: number;
  /** Spans that ended up to this event were taken. */
  readonly sent: number;
}
