import type { Random } from "../ports/random.ts";
import type { Sealer } from "../ports/sealer.ts";
import { keyLength, openBytes, sealBytes } from "./seal-bytes.ts";

/** One key seals, the others still open what they sealed: a ring is rotated one key at a time. */
const maxKeys = 8;

/** AES-256-GCM under the first key of the ring; the purpose is authenticated with the text. */
export function createSealer(keys: readonly Uint8Array[], random: Random): Sealer {
  if (keys.length === 0 || keys.length > maxKeys)
    throw new Error(`a ring has 1 to ${maxKeys} keys`);
  if (keys.some((key) => key.length !== keyLength)) throw new Error(`a key has ${keyLength} bytes`);
  return {
    seal(purpose, text) {
      const context = Buffer.from(purpose);
      const sealed = sealBytes({ key: keys[0]!, context }, Buffer.from(text), random);
      return Buffer.from(sealed).toString("base64url");
    },
    unseal(purpose, sealed) {
      const bytes = Buffer.from(sealed, "base64url");
      // Decoding skips what is not of the alphabet: one sealed text has one spelling.
      if (bytes.toString("base64url") !== sealed) return null;
      for (const key of keys) {
        const text = openBytes({ key, context: Buffer.from(purpose) }, bytes);
        if (text !== null) return Buffer.from(text).toString("utf8");
      }
      return null;
    },
  };
}
