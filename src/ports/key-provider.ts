export interface WrappedKey {
  readonly bytes: Uint8Array;
  /** Names the key that wrapped it, and says nothing about it. */
  readonly keyId: string;
}

export type Unwrapped =
  | { readonly kind: "unwrapped"; readonly dataKey: Uint8Array }
  /** No key of that name is here. */
  | { readonly kind: "unknown" }
  /** Altered, or wrapped for another context. */
  | { readonly kind: "refused" };

/** Wraps data keys with keys that lie elsewhere: a file of this user, a key management service. */
export interface KeyProvider {
  /** Names the key that wraps from now on; those before it only unwrap. */
  readonly keyId: string;
  /** What was wrapped for one context unwraps for no other. */
  wrap(dataKey: Uint8Array, context: Uint8Array): Promise<WrappedKey>;
  unwrap(wrapped: WrappedKey, context: Uint8Array): Promise<Unwrapped>;
}
