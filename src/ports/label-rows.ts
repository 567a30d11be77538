import type { Digest, Label, TenantId } from "../model/index.ts";

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
