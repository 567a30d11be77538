import type { EntryId, RunId, TenantId } from "../model/index.ts";

/** What models and tools have cost: of a run by day, written with its events, and of each completion. */
export interface CostRows {
  /** Of an answer outside of runs. The same entry again is left as it is. */
  add(completion: CompletionCost): Promise<void>;
  /** Sums over whole days, newest first; those that a bound does not leave whole are left out. */
  read(tenant: TenantId, range: CostRange): Promise<CostSums>;
  /** Takes the person out of at most `limit` rows, and returns of how many. What it cost stays. */
  erase(tenant: TenantId, subject: string, limit: number): Promise<number>;
  /** Removes at most `limit` rows of days before, and returns how many. */
  sweep(beforeDay: number, limit: number): Promise<number>;
}

export interface Cost {
  /** Whole days since 1970, in UTC. */
  readonly day: number;
  readonly kind: "model" | "tool";
  /** Of the backend, or of the tool; null: nobody knows which it was. */
  readonly name: string | null;
  readonly micros: number;
  readonly tokens: number;
}

export interface CompletionCost extends Cost {
  readonly entry: EntryId;
  readonly tenant: TenantId;
  readonly agent: string | null;
  /** As `toSubjectKey` has it; null: none that could be kept. */
  readonly subject: string | null;
  /** What it cost is not known, which is not nothing: it is in no sum of money. */
  readonly isUnknown: boolean;
}

export interface CostRange {
  readonly fromDay: number;
  /** The first that is not in it any more. */
  readonly toDay: number;
  /** Rows that are looked at, at most. */
  readonly mostRows: number;
}

export interface CostSums {
  readonly total: Spent;
  /** Of these, what was spent in runs. */
  readonly ofRuns: Spent;
  /** Answers whose cost is not known. */
  readonly unknown: number;
  readonly days: readonly (Spent & { readonly day: number })[];
  /** The dearest, `sumsShown` of each. */
  readonly agents: readonly NamedSpent[];
  readonly sources: readonly (NamedSpent & Pick<Cost, "kind">)[];
  readonly subjects: readonly NamedSpent[];
  readonly runs: readonly (Spent & { readonly run: RunId; readonly agent: string | null })[];
  /** The first day of the range that is in the sums as a whole. */
  readonly fromDay: number;
  /** The first day of which anything is kept; null: nothing is. */
  readonly oldestDay: number | null;
}

export interface Spent {
  readonly micros: number;
  readonly tokens: number;
}
/** Null: nobody is named, or not any more. */
export interface NamedSpent extends Spent {
  readonly name: string | null;
}

export const sumsShown = 50;
/** Beyond this a number is not exact: a sum is never more. */
export const largestSum = Number.MAX_SAFE_INTEGER;
export const dayMs = 86_400_000;

/** What tells sums of one run apart. No name is empty, and one may be `null`. */
export function toCostKey({ day, kind, name }: Pick<Cost, "day" | "kind" | "name">): string {
  return `${day} ${kind} ${name ?? ""}`;
}

export function toDay(atMs: number): number {
  return Math.floor(atMs / dayMs);
}
