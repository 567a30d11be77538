/** Randomness as the program sees it: cryptographic in production, seeded in tests. */
export interface Random {
  bytes(length: number): Uint8Array;
  /** Uniform in [0, 1). For jitter and sampling, never for secrets. */
  fraction(): number;
}
