import type { Digest, TenantId } from "../model/index.ts";

/**
 * Hashes under a key of the tenant: the same for the same parts at every replica, and nothing to
 * whoever does not have the key.
 */
export interface TenantHash {
  /** A promise only where the tenant's key was not used here before. */
  hash(tenant: TenantId, purpose: HashPurpose, parts: readonly unknown[]): Digest | Promise<Digest>;
}

/** What was hashed for one is never found as another. */
export type HashPurpose =
  | "approval"
  | "call-key"
  | "call-fingerprint"
  | "call-continued"
  | "completion"
  | "completion-caller"
  | "fact-value"
  | "touch"
  | "run-args"
  | "run-blob"
  | "run-key"
  | "run-fingerprint"
  | "workspace-blob";
