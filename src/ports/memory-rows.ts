import type { Digest, TenantId } from "../model/index.ts";

export interface MemoryRow {
  readonly tenant: TenantId;
  readonly scope: string;
  readonly key: string;
  readonly text: string;
  /** Digest of what the memory was taken from. */
  readonly source: Digest;
  readonly embedder: string | null;
  readonly embedding: Float32Array | null;
  readonly updatedAtMs: number;
}

export interface Memories {
  put(row: MemoryRow): Promise<void>;
  get(tenant: TenantId, scope: string, key: string): Promise<MemoryRow | null>;
  list(
    tenant: TenantId,
    scope: string,
    page: { after?: string; limit: number },
  ): Promise<readonly MemoryRow[]>;
  remove(tenant: TenantId, scope: string, key: string): Promise<boolean>;
}
