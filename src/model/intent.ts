import { z } from "zod";
import { toCanonicalBytes } from "./canonical.ts";
import { digestSchema, toDigest, type Digest } from "./digest.ts";
import { runIdSchema, tenantIdSchema } from "./id.ts";
import { jsonObjectSchema } from "./json-value.ts";
import { principalSchema } from "./principal.ts";

const nameSchema = z.string().min(1).max(256);

/**
 * What is about to be done, whole: an approval is for this and nothing else. The arguments are in it
 * as a salted commitment, so that erasing them leaves the proof.
 */
export const intentSchema = z
  .strictObject({
    v: z.literal(1),
    tenant: tenantIdSchema,
    principal: principalSchema,
    agent: nameSchema.nullable(),
    bundle: digestSchema.nullable(),
    run: runIdSchema.nullable(),
    step: z.int().nonnegative().nullable(),
    /** Which of the step's calls: two that are alike are two. Absent outside of a run. */
    ordinal: z.int().nonnegative().exactOptional(),
    server: nameSchema,
    method: nameSchema,
    /** The tool's name or the resource's URI. */
    target: z.string().min(1).max(8_192),
    definition: digestSchema.nullable(),
    /** Of what it rests on, as it was read last. Absent: on nothing that is declared. */
    facts: digestSchema.exactOptional(),
    args: digestSchema,
    /** Metadata that goes upstream with the call. */
    forwarded: jsonObjectSchema,
    task: z.string().max(256).nullable(),
    /** Of the policy slice that decides. */
    policy: digestSchema,
    /** Checked once more before the socket is written: a late worker sends nothing. */
    notAfterMs: z.int().nonnegative(),
  })
  .refine(({ step, ordinal }) => ordinal === undefined || step !== null, {
    path: ["ordinal"],
    error: "a place in a step that is none",
  })
  .readonly();
export type Intent = z.infer<typeof intentSchema>;

export function toIntentDigest(intent: Intent): Digest {
  return toDigest(toCanonicalBytes(intent));
}
