import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";
import type { Random } from "../ports/random.ts";

export const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;

export interface SealInput {
  readonly key: Uint8Array | KeyObject;
  /** Authenticated with the bytes, and not kept with them. */
  readonly context: Uint8Array;
}

/** AES-256-GCM: a fresh nonce, the tag, then as many bytes as were given. */
export function sealBytes(
  { key, context }: SealInput,
  bytes: Uint8Array,
  random: Random,
): Uint8Array {
  const nonce = random.bytes(nonceLength);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(context);
  const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** Null for what was not sealed with this key in this context. */
export function openBytes({ key, context }: SealInput, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < nonceLength + tagLength) return null;
  const nonce = sealed.subarray(0, nonceLength);
  const tag = sealed.subarray(nonceLength, nonceLength + tagLength);
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagLength })
      .setAAD(context)
      .setAuthTag(tag);
    const body = decipher.update(sealed.subarray(nonceLength + tagLength));
    return Buffer.concat([body, decipher.final()]);
  } catch {
    return null;
  }
}
