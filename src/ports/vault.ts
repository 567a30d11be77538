import type { TenantId } from "../model/index.ts";
import type { SecretValue } from "./secrets.ts";

/** Where stored material is found. `subject` is whose it is: a user's grant, or null for all. */
export interface SecretKey {
  readonly tenant: TenantId;
  readonly name: string;
  readonly subject: string | null;
}

/** What may be shown of a secret: everything but its value. */
export interface SecretFacts extends SecretKey {
  /** Counts up with each value that was put, and is never used again: what a receipt names. */
  readonly version: number;
  /** Hosts that it may be sent to, `name` (port 443) or `name:port`; empty: wherever configuration refers to it. */
  readonly hosts: readonly string[];
  readonly writtenAtMs: number;
}

export interface SecretMaterial extends SecretFacts {
  readonly value: SecretValue;
}

/** At most `limit` rows after that one; null: from the start. */
export interface SecretPage {
  readonly after: Pick<SecretKey, "name" | "subject"> | null;
  readonly limit: number;
}

/** What to store in the place of what was there. */
export interface SecretChange {
  readonly value: SecretValue;
  readonly hosts: readonly string[];
}

/** A brief change waits for nobody outside, and therefore not behind those that do: the slow ones. */
export type ChangePace = "brief" | "slow";

/**
 * Stored material, encrypted at rest. It is written, used inside the gate, and never shown again (I9).
 */
export interface Vault {
  put(key: SecretKey, change: SecretChange): Promise<SecretFacts>;
  /** In the order of names; within one what is for all first, then by subject. */
  list(tenant: TenantId, page: SecretPage): Promise<readonly SecretFacts[]>;
  /** Whether there was one. */
  remove(key: SecretKey): Promise<boolean>;
  read(key: SecretKey): Promise<SecretMaterial | null>;
  /**
   * Reads and replaces under a lock on the row: of all replicas one refreshes, and the others then
   * see what it wrote. `change` returns null to leave it, "remove" to revoke it. It is called once
   * for each state that it is shown, has half a minute, and must not update another secret.
   */
  update(
    key: SecretKey,
    change: (current: SecretMaterial | null) => Promise<SecretChange | "remove" | null>,
    pace?: ChangePace,
  ): Promise<SecretMaterial | null>;
}

/** Whether a secret of these hosts may go to a destination, both compared whole. */
export function isBoundTo(hosts: readonly string[], destination: string): boolean {
  return hosts.some((host) => (/:\d{1,5}$/.test(host) ? host : `${host}:443`) === destination);
}
