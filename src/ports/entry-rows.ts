import type { EntryId, TenantId } from "../model/index.ts";
import type { CallDraft, CallEnding } from "./call-rows.ts";

/** Leaves of the ledger, as they were written. */
export interface EntryRow {
  readonly id: EntryId;
  readonly tenant: TenantId;
  readonly bytes: Uint8Array;
  /** Of an intent: the call that is under way from now on. */
  readonly opens?: CallDraft;
  /** Of an outcome or a resolution: which call it ends. Left out where that had ended before. */
  readonly ends?: CallEnding;
}

export interface Entries {
  get(tenant: TenantId, id: EntryId): Promise<EntryRow | null>;
  /**
   * Entries in the order of their cursors; `after` is the cursor of the last page (0n: from the
   * start). An entry never appears behind a cursor that was handed out; one made durable a moment
   * ago may appear on the next page only.
   */
  page(tenant: TenantId, page: { after: bigint; limit: number }): Promise<readonly StoredEntry[]>;
}
export interface StoredEntry extends EntryRow {
  readonly cursor: bigint;
}
