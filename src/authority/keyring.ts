import { createHash, timingSafeEqual } from "node:crypto";

/** What an API key may be used for. The admin key configures, the approver key decides: never both. */
export type Role = "admin" | "approver";

/** A key as the server keeps it: its hash alone. */
export interface KeyHash {
  /** Named in logs and receipts. */
  readonly id: string;
  readonly role: Role;
  /** SHA-256 of the key, 64 hex digits. Keys are 256 random bits, so a plain hash is enough. */
  readonly sha256: string;
}

export interface KeyHolder {
  readonly id: string;
  readonly role: Role;
}

export interface Keyring {
  /** Whose key it is, or null. Takes the same time for every key of the ring. */
  identify(presented: string): KeyHolder | null;
}

export function createKeyring(hashes: readonly KeyHash[]): Keyring {
  const known = hashes.map(({ id, role, sha256 }) => ({
    holder: Object.freeze({ id, role }),
    digest: Buffer.from(sha256, "hex"),
  }));
  return {
    identify(presented) {
      const digest = createHash("sha256").update(presented).digest();
      let found: KeyHolder | null = null;
      for (const key of known) if (timingSafeEqual(key.digest, digest)) found = key.holder;
      return found;
    },
  };
}

export function hashKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
