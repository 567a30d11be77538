import { z } from "zod";
import { approvalStates, type ApprovalState } from "./approval-states.ts";
import { digestSchema } from "./digest.ts";
import { approvalIdSchema, runIdSchema, tenantIdSchema } from "./id.ts";

const stateSchema = z.enum(
  Object.keys(approvalStates.moves) as [ApprovalState, ...ApprovalState[]],
);

/** One person's word on one intent, with the credential that proves whose it is. */
export const verdictSchema = z
  .strictObject({
    approver: z.string().min(1).max(256),
    credential: z.string().min(1).max(256),
    word: z.enum(["approved", "denied"]),
    reason: z.string().max(2_048).nullable(),
    /** WebAuthn assertion over the intent's digest, where the rule asks for one. */
    signature: z.string().max(16_384).nullable(),
    atMs: z.int().nonnegative(),
  })
  .readonly();
export type Verdict = z.infer<typeof verdictSchema>;

/** Bound to one intent, used once, and running out. */
export const approvalSchema = z
  .strictObject({
    id: approvalIdSchema,
    tenant: tenantIdSchema,
    run: runIdSchema.nullable(),
    intent: digestSchema,
    rule: z.string().min(1).max(256),
    state: stateSchema,
    who: z.string().min(1).max(256),
    quorum: z.int().min(1).max(10),
    verdicts: z.array(verdictSchema).max(10).readonly(),
    createdAtMs: z.int().nonnegative(),
    expiresAtMs: z.int().nonnegative(),
  })
  .readonly();
export type Approval = z.infer<typeof approvalSchema>;
