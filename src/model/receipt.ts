import { z } from "zod";

const base64 = z
  .string()
  .max(1_400_000)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/, "not base64");
const hash = z.string().regex(/^[0-9a-f]{64}$/, "not a SHA-256 hash");

/**
 * What a person keeps of a call: its entries byte by byte, each with its path to a signed tree head.
 * It proves what the gate recorded, not that the upstream told the truth.
 */
export const receiptSchema = z
  .strictObject({
    v: z.literal(1),
    entries: z
      .array(
        z
          .strictObject({
            bytes: base64,
            index: z.int().nonnegative(),
            /** Sibling hashes from the leaf up, as RFC 9162 lists them. */
            path: z.array(hash).max(64).readonly(),
          })
          .readonly(),
      )
      .min(1)
      .max(64)
      .readonly(),
    /** A signed note: origin, tree size, root, signatures. */
    checkpoint: z.string().min(1).max(16_384),
  })
  .readonly();
export type Receipt = z.infer<typeof receiptSchema>;
