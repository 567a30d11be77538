import { toCanonicalBytes } from "./canonical.ts";
import { toDigest, type Digest } from "./digest.ts";

/** Bytes of a salt: as many as the digest's security level, so that no content can be guessed. */
export const saltLength = 32;

/**
 * Binds to content without showing it: SHA-256(JCS({args, salt})). Erasing the salt and the
 * content erases what it is about; proofs over the commitment stay valid.
 */
export function toCommitment(salt: Uint8Array, args: unknown): Digest {
  if (salt.length !== saltLength) throw new Error(`a salt has ${saltLength} bytes`);
  return toDigest(toCanonicalBytes({ args, salt: Buffer.from(salt).toString("hex") }));
}

/** The same for content that is canonical text already: nothing is parsed to be hashed. */
export function toTextCommitment(saltHex: string, canonical: string): Digest {
  if (saltHex.length !== 2 * saltLength) throw new Error(`a salt has ${saltLength} bytes`);
  return toDigest(`{"args":${canonical},"salt":"${saltHex}"}`);
}
