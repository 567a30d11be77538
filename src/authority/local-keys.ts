import { createHash } from "node:crypto";
import type { KeyProvider } from "../ports/key-provider.ts";
import type { Random } from "../ports/random.ts";
import { keyLength, openBytes, sealBytes } from "./seal-bytes.ts";

/** As many as a ring of sealing keys: it is rotated one key at a time. */
const maxKeys = 8;

/** A ring of keys in this process: the first wraps, all of them unwrap. */
export function createLocalKeys(keys: readonly Uint8Array[], random: Random): KeyProvider {
  if (keys.length === 0 || keys.length > maxKeys)
    throw new Error(`a ring has 1 to ${maxKeys} keys`);
  if (keys.some((key) => key.length !== keyLength)) throw new Error(`a key has ${keyLength} bytes`);
  const ring = new Map(keys.map((key) => [toKeyId(key), key]));
  const keyId = toKeyId(keys[0]!);
  return {
    keyId,
    async wrap(dataKey, context) {
      return { bytes: sealBytes({ key: keys[0]!, context }, dataKey, random), keyId };
    },
    async unwrap(wrapped, context) {
      const key = ring.get(wrapped.keyId);
      if (key === undefined) return { kind: "unknown" };
      const dataKey = openBytes({ key, context }, wrapped.bytes);
      return dataKey === null ? { kind: "refused" } : { kind: "unwrapped", dataKey };
    },
  };
}

/** Tells keys apart: 64 bits of a hash of its own, from which nobody gets back to the key. */
function toKeyId(key: Uint8Array): string {
  const hash = createHash("sha256").update("countersign vault key id\n").update(key);
  return `local-${hash.digest("hex").slice(0, 16)}`;
}
