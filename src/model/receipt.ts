import { z } from "zod";
import { digestSchema } from "./digest.ts";
import { jsonSchema } from "./json-value.ts";

const base64 = z
  .string()
  .max(1_400_000)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/, "not base64");
const hash = z.string().regex(/^[0-9a-f]{64}$/, "not a SHA-256 hash");

const salted = { commitment: digestSchema, salt: hash };

/**
 * What a digest among the entries stands for. The arguments' commitment is in the intent, so they are
 * shown together with it; a result is the text that was handed over.
 */
const openingSchema = z.discriminatedUnion("of", [
  z.strictObject({ of: z.literal("intent"), commitment: digestSchema, value: jsonSchema }),
  z.strictObject({ of: z.literal("args"), ...salted, value: jsonSchema }),
  z.strictObject({ of: z.literal("result"), ...salted, value: z.string() }),
  z.strictObject({ of: z.literal("verdict"), ...salted, value: jsonSchema }),
]);
export type Opening = z.infer<typeof openingSchema>;

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
    openings: z.array(openingSchema.readonly()).max(64).readonly(),
  })
  .readonly();
export type Receipt = z.infer<typeof receiptSchema>;
