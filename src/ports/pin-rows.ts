import type { Digest, TenantId } from "../model/index.ts";

export interface PinRow {
  readonly tenant: TenantId;
  readonly server: string;
  readonly tool: string;
  readonly digest: Digest;
  readonly definition: Uint8Array;
  readonly acceptedBy: string;
  readonly acceptedAtMs: number;
}

export interface Pins {
  get(tenant: TenantId, server: string, tool: string): Promise<PinRow | null>;
  list(tenant: TenantId, server: string): Promise<readonly PinRow[]>;
  /** Replaces the pin only if it is still `previous` (null: not pinned yet). */
  accept(pin: PinRow, previous: Digest | null): Promise<"accepted" | "stale">;
  revoke(tenant: TenantId, server: string, tool: string): Promise<boolean>;
}
