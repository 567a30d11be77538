import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Random } from "../ports/random.ts";
import type { SealPurpose, Sealer } from "../ports/sealer.ts";

const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;
/** One key seals, the others still open what they sealed: a ring is rotated one key at a time. */
const maxKeys = 8;

/** AES-256-GCM under the first key of the ring; the purpose is authenticated with the text. */
export function createSealer(keys: readonly Uint8Array[], random: Random): Sealer {
  if (keys.length === 0 || keys.length > maxKeys)
    throw new Error(`a ring has 1 to ${maxKeys} keys`);
  if (keys.some((key) => key.length !== keyLength)) throw new Error(`a key has ${keyLength} bytes`);
  return {
    seal(purpose, text) {
      const nonce = random.bytes(nonceLength);
      const cipher = createCipheriv("aes-256-gcm", keys[0]!, nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64url");
    },
    unseal(purpose, sealed) {
      const bytes = Buffer.from(sealed, "base64url");
      // Decoding skips what is not of the alphabet: one sealed text has one spelling.
      if (bytes.toString("base64url") !== sealed) return null;
      if (bytes.length < nonceLength + tagLength) return null;
      for (const key of keys) {
        const text = open(key, purpose, bytes);
        if (text !== null) return text;
      }
      return null;
    },
  };
}

function open(key: Uint8Array, purpose: SealPurpose, bytes: Buffer): string | null {
  const nonce = bytes.subarray(0, nonceLength);
  const tag = bytes.subarray(nonceLength, nonceLength + tagLength);
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagLength })
      .setAAD(Buffer.from(purpose))
      .setAuthTag(tag);
    const text = decipher.update(bytes.subarray(nonceLength + tagLength));
    return Buffer.concat([text, decipher.final()]).toString("utf8");
  } catch {
    return null;
  }
}
