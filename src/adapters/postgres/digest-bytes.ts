import type { Digest } from "../../model/index.ts";

/** A digest is stored as its 32 bytes: half of its text, and no second spelling. */
export function toDigestBytes(digest: Digest): Buffer {
  return Buffer.from(digest.slice("sha256:".length), "hex");
}

export function fromDigestBytes(bytes: Buffer): Digest {
  return `sha256:${bytes.toString("hex")}` as Digest;
}
