import { z } from "zod";
import { approversField } from "./approval-fields.ts";
import { digestSchema } from "./digest.ts";

const ruleIdSchema = z.string().min(1).max(256);

/** Something the gate must do with an allowed call. One it does not know means no. */
export const obligationSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("redact"),
      /** JSON Pointers into the result. */
      pointers: z.array(z.string().max(1_024)).max(100).readonly(),
    }),
    z.strictObject({
      kind: z.literal("rate"),
      calls: z.int().positive(),
      perMs: z.int().positive(),
    }),
    z.strictObject({ kind: z.literal("sandbox"), tier: z.enum(["T0", "T1", "T2", "T3"]) }),
    z.strictObject({
      kind: z.literal("egress"),
      hosts: z.array(z.string().max(261)).max(1_000).readonly(),
    }),
  ])
  .readonly();
export type Obligation = z.infer<typeof obligationSchema>;

const reasonSchema = z
  .strictObject({
    rule: ruleIdSchema,
    text: z.string().max(2_048),
    /** What would make it a yes, for machines: `request_approval`, `narrow_arguments`… */
    remedy: z.string().max(256).nullable(),
  })
  .readonly();

const common = { policy: digestSchema, reasons: z.array(reasonSchema).max(100).readonly() };
const owed = {
  obligations: z.array(obligationSchema).max(100).readonly(),
  /** The rule of each of them, in their order. */
  obligedBy: z.array(ruleIdSchema).max(100).readonly().optional(),
};

/** What policy says about an intent. A value: a denial is never an error. */
export const decisionSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("allow"),
      ...common,
      ...owed,
    }),
    z.strictObject({ kind: z.literal("deny"), ...common }),
    z.strictObject({
      kind: z.literal("ask"),
      ...common,
      ...owed,
      /** Every one of them has to agree. */
      approvers: approversField,
    }),
  ])
  .readonly();
export type Decision = z.infer<typeof decisionSchema>;
