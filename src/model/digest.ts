import { hash } from "node:crypto";
import { z } from "zod";

/** SHA-256 over canonical bytes, written `sha256:` and 64 hex digits. */
export const digestSchema = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "not a sha256 digest")
  .brand<"Digest">();
export type Digest = z.infer<typeof digestSchema>;

export function toDigest(bytes: Uint8Array | string): Digest {
  return `sha256:${hash("sha256", bytes, "hex")}` as Digest;
}
