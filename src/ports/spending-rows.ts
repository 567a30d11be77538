import type { Digest, TenantId } from "../model/index.ts";

/** What was spent of budgets, as one sum for all replicas; each leases a part of it beforehand. */
export interface SpendingRows {
  /** Adds as much of `amount` as the cap leaves, at once, and returns how much that was. */
  lease(
    place: SpendingPlace,
    asked: { readonly amount: number; readonly cap: number },
  ): Promise<number>;
  /** Of one budget in one period: how many share it, and who has used most of it. */
  read(
    period: Omit<SpendingPlace, "share">,
    most: number,
  ): Promise<{ readonly shares: number; readonly fullest: readonly UsedShare[] }>;
  /** Of what was leased and not spent. */
  giveBack(place: SpendingPlace, amount: number): Promise<void>;
  /** Removes at most `limit` rows of periods that began before, and returns how many. */
  sweep(beforeMs: number, limit: number): Promise<number>;
}

/** What replicas have leased of it counts as used. */
export interface UsedShare {
  readonly share: Digest;
  readonly used: number;
}

export interface SpendingPlace {
  readonly tenant: TenantId;
  readonly budget: string;
  /** Whose share of it. */
  readonly share: Digest;
  /** The start of the period. */
  readonly periodMs: number;
}
