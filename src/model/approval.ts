import { z } from "zod";
import { digestSchema } from "./digest.ts";
import { entryIdSchema } from "./id.ts";
import { intentSchema } from "./intent.ts";
import { labelSchema } from "./label.ts";
import { approversField, passkeyProofSchema, reasonTextField } from "./approval-fields.ts";

const nameSchema = z.string().min(1).max(256);

/** What is asked, without anything of the person: kept for as long as the approval. */
export const approvalRequestSchema = z
  .strictObject({
    v: z.literal(1),
    server: nameSchema,
    /** As the server calls it; null for a prompt or a resource. */
    tool: nameSchema.nullable(),
    method: nameSchema,
    toolset: z.string().max(256),
    effect: z.enum(["read", "write", "destructive"]),
    outward: z.boolean(),
    /** What the caller's context had touched. */
    labels: z.array(labelSchema).max(3).readonly(),
    /** The rules that asked, the first one first. */
    rules: z
      .array(z.strictObject({ rule: nameSchema, text: z.string().max(2_048) }).readonly())
      .max(100)
      .readonly(),
    /** Every one of them has to agree. */
    approvers: approversField,
    policy: digestSchema,
    definition: digestSchema.nullable(),
  })
  .readonly();
export type ApprovalRequest = z.infer<typeof approvalRequestSchema>;

/** A fact in words: its key, and what was read, cut where it is long; null: that is not kept. */
const factShownSchema = z
  .strictObject({ key: z.string().min(1).max(512), value: z.string().max(1_024).nullable() })
  .readonly();
export type FactShown = z.infer<typeof factShownSchema>;

/** What the commitment of an intent was made of. Sealed, and erased when the person asks for it. */
export const intentOpeningSchema = z
  .strictObject({
    v: z.literal(1),
    intent: intentSchema,
    salt: z.string().regex(/^[0-9a-f]{64}$/),
    /** Canonical text; null where it was longer than is kept. */
    args: z.string().nullable(),
    /** What the caller says about its own request. */
    claim: z.string().max(2_000).nullable(),
    /** What it rests on, as the run has read it. Absent: on nothing that is declared. */
    facts: z.array(factShownSchema).max(64).readonly().optional(),
  })
  .readonly();
export type IntentOpening = z.infer<typeof intentOpeningSchema>;

/** One person's word on one intent, with the credential that proves whose it is. */
export const verdictSchema = z
  .strictObject({
    /** Of the ledger, which names the person by a commitment. */
    entry: entryIdSchema,
    word: z.enum(["approved", "denied"]),
    approver: z.string().min(1).max(512).nullable(),
    /** Id of the key or the token; null once it was erased. */
    credential: z.string().min(1).max(512).nullable(),
    reason: reasonTextField.nullable(),
    /** Of the entry's commitment; null once it was erased. */
    salt: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullable(),
    /** Which of the asked-for approvers this one stands for. */
    meets: z.array(z.string().min(1).max(256)).max(100).readonly(),
    passkey: passkeyProofSchema.nullable(),
    atMs: z.int().nonnegative(),
  })
  .readonly();
export type Verdict = z.infer<typeof verdictSchema>;
export const verdictsSchema = z.array(verdictSchema).max(100).readonly();

/** With what was asked, so that a word that was given to something else stands for nothing. */
export const sealedVerdictsSchema = z.strictObject({
  request: digestSchema,
  verdicts: verdictsSchema,
});
