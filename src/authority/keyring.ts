import { hash } from "node:crypto";
import type { Principal, TenantId } from "../model/index.ts";

/**
 * What an API key may be used for. The admin key configures, the approver key decides: never both. A
 * caller key calls tools and does nothing else.
 */
export type Role = "admin" | "approver" | "caller";

/** A key as the server keeps it: its hash alone. */
export interface KeyHash {
  /** Named in logs and receipts. */
  readonly id: string;
  readonly role: Role;
  /** SHA-256 of the key, 64 hex digits. Keys are 256 random bits, so a plain hash is enough. */
  readonly sha256: string;
  readonly roles?: readonly string[];
  /** Toolsets that a caller may use, `""` for `/mcp` itself; null for all. */
  readonly toolsets?: readonly string[] | null;
}

export interface KeyHolder {
  readonly id: string;
  readonly role: Role;
  /** Who calls tools with it; null for a key that calls none. */
  readonly principal: Principal | null;
  /** What policies know it by. */
  readonly roles: readonly string[];
  readonly toolsets: readonly string[] | null;
}

export interface Keyring {
  /** Whose key it is, or null. */
  identify(presented: string): KeyHolder | null;
}

export function createKeyring(hashes: readonly KeyHash[]): Keyring {
  const known = new Map(hashes.map((key) => [key.sha256, toHolder(key)]));
  // Looked up by its hash: how long that takes says nothing of a key that one does not have.
  return { identify: (presented) => known.get(hashKey(presented)) ?? null };
}

/** Until there are tenants in the configuration, there is one. */
const tenant = "default" as TenantId;

function toHolder({ id, role, roles = [], toolsets = null }: KeyHash): KeyHolder {
  const principal =
    role === "approver"
      ? null
      : Object.freeze({ tenant, kind: "service", subject: id, actor: null } as const);
  return Object.freeze({ id, role, principal, roles, toolsets });
}

export function hashKey(key: string): string {
  return hash("sha256", key, "hex");
}
