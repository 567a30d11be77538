import { z } from "zod";
import { capsSchema } from "./budget.ts";
import { toCanonicalBytes } from "./canonical.ts";
import { digestSchema } from "./digest.ts";
import { approvalIdSchema, runIdSchema } from "./id.ts";
import { fromRecordBytes } from "./record.ts";

const nameSchema = z.string().min(1).max(256);

function letter<Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) {
  return z.strictObject({ v: z.literal(1), kind: z.literal(kind), ...shape });
}

/** What others tell a run. It lies in the run's inbox until the run's owner folds it in as an event. */
export const runLetterSchema = z
  .discriminatedUnion("kind", [
    letter("approval_decided", {
      approval: approvalIdSchema,
      outcome: z.enum(["approved", "denied", "expired", "voided"]),
    }),
    letter("child_ended", {
      run: runIdSchema,
      outcome: z.enum(["completed", "partial", "failed", "cancelled"]),
      /** Blob of the child's; null where it left none. */
      output: digestSchema.nullable(),
      detail: z.string().max(2_048),
    }),
    letter("child_stopped", { run: runIdSchema, reason: nameSchema }),
    /** The payload is a blob of the run, put there with the letter. */
    letter("signal", { name: nameSchema, payload: digestSchema }),
    letter("cancel", { by: nameSchema }),
    letter("pause", { by: nameSchema }),
    /** Take back what was done, then end. */
    letter("compensate", { by: nameSchema }),
    letter("resume", {
      by: nameSchema,
      caps: capsSchema.nullable(),
      maxSteps: z.int().positive().nullable(),
      deadlineMs: z.int().nonnegative().nullable(),
      /** Only while it is this: a parent's word may come when its sub-agent has gone on by itself. Null: always. */
      when: z.enum(["stopped", "partial"]).nullable(),
    }),
  ])
  .readonly();
export type RunLetter = z.infer<typeof runLetterSchema>;

export function toRunLetterBytes(runLetter: RunLetter): Uint8Array {
  return toCanonicalBytes(runLetter);
}

export function fromRunLetterBytes(bytes: Uint8Array): RunLetter {
  return fromRecordBytes(runLetterSchema, bytes, "a letter to a run");
}
