import type { Frozen } from "../model/freeze.ts";
import type { TenantId } from "../model/index.ts";

/** What is stopped, by whom and why. Lifted ones stay, as a record. */
export interface FreezeRows {
  /** Of every tenant: those in force. */
  active(): Promise<readonly FreezeRow[]>;
  /** In the order in which they were put, the latest first; lifted ones too. */
  list(tenant: TenantId, limit: number): Promise<readonly StoredFreeze[]>;
  /** False when the same is frozen already. */
  put(row: FreezeRow): Promise<boolean>;
  /** False when it is not frozen. */
  lift(lift: FreezeLift): Promise<boolean>;
}

export interface FreezeRow extends Frozen {
  readonly tenant: TenantId;
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
}

export interface StoredFreeze extends FreezeRow {
  readonly lifted: { readonly by: string; readonly atMs: number } | null;
}

export interface FreezeLift extends Frozen {
  readonly tenant: TenantId;
  readonly by: string;
  readonly atMs: number;
}
