/**
 * State that a client carries for us: unreadable and unchangeable to it. All replicas share the keys,
 * so any of them reads what another sealed.
 */
export interface Sealer {
  seal(purpose: SealPurpose, text: string): string;
  /** Null for what was not sealed by us for this purpose, or with a key that is retired. */
  unseal(purpose: SealPurpose, sealed: string): string | null;
}

/** What was sealed as one is never taken for another. */
export type SealPurpose = "session" | "request-state" | "cursor" | "passkey";
