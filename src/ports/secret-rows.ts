import type { TenantId } from "../model/index.ts";
import type { ChangePace, SecretFacts, SecretKey, SecretPage } from "./vault.ts";

/** A secret as it lies there: its value sealed under a data key, and that key wrapped by another. */
export interface SecretRow extends SecretFacts {
  readonly sealed: Uint8Array;
  readonly wrapped: Uint8Array;
  /** Names the key that wrapped the data key. */
  readonly keyId: string;
}

/** A version above `lastVersion` was never that of this secret, those that were removed included. */
export type ChangeSecret = (
  current: SecretRow | null,
  lastVersion: number,
) => Promise<SecretRow | "remove" | null>;

export type WrappedRow = Omit<SecretRow, "sealed">;

export interface SecretRows {
  get(key: SecretKey): Promise<SecretRow | null>;
  /** In the order of names; within one the row of nobody first, then by subject. */
  list(tenant: TenantId, page: SecretPage): Promise<readonly SecretFacts[]>;
  remove(key: SecretKey): Promise<boolean>;
  /**
   * Replaces the row under a lock, also where there is none yet. `change` is called once for each
   * state that it is shown; null leaves the row. It must not change another secret meanwhile.
   * Without a pace it is slow.
   */
  change(key: SecretKey, change: ChangeSecret, pace?: ChangePace): Promise<void>;
  /** Rows of every tenant whose data key another key than this one wrapped, in the order of keys. */
  listWrappedByOthers(
    keyId: string,
    page: { readonly after: SecretKey | null; readonly limit: number },
  ): Promise<readonly WrappedRow[]>;
  /** False when the row is not any more what `row` says. The value stays as it is. */
  rewrap(row: WrappedRow, to: Pick<WrappedRow, "wrapped" | "keyId">): Promise<boolean>;
}
