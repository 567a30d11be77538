import { z } from "zod";
import { deepFreeze } from "../lib/deep-freeze.ts";
import { parseStrictJson } from "../lib/strict-json.ts";
import { amountsSchema } from "./budget.ts";
import { toCanonicalBytes } from "./canonical.ts";
import { digestSchema } from "./digest.ts";
import { Fault } from "./fault.ts";
import { approvalIdSchema, entryIdSchema, runIdSchema } from "./id.ts";

const nameSchema = z.string().min(1).max(256);
const step = z.int().nonnegative();
const atMs = z.int().nonnegative();

function event<Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) {
  return z.strictObject({ v: z.literal(1), type: z.literal(type), atMs, ...shape });
}

/**
 * What happened in a run, in the past tense. State is the fold of these and nothing else. Contents
 * are blobs: an event names their digests, so a long conversation makes no long log.
 */
export const runEventSchema = z
  .discriminatedUnion("type", [
    event("run.started", {
      agent: nameSchema,
      bundle: digestSchema,
      input: digestSchema,
      parent: runIdSchema.nullable(),
      deadlineMs: atMs.nullable(),
    }),
    event("model.responded", {
      step,
      backend: nameSchema,
      context: digestSchema,
      response: digestSchema,
      cost: amountsSchema,
    }),
    event("call.started", { step, ordinal: step, intent: digestSchema, entry: entryIdSchema }),
    event("call.ended", {
      step,
      ordinal: step,
      entry: entryIdSchema,
      outcome: z.enum(["answered", "tool_error", "denied", "fault", "unknown"]),
      result: digestSchema.nullable(),
      cost: amountsSchema,
    }),
    event("call.resolved", { step, ordinal: step, outcome: z.enum(["done", "not_done"]) }),
    event("approval.requested", { step, ordinal: step, approval: approvalIdSchema }),
    event("approval.decided", {
      approval: approvalIdSchema,
      outcome: z.enum(["approved", "denied", "expired", "voided"]),
    }),
    event("context.compacted", { snapshot: digestSchema, parent: digestSchema, dropped: step }),
    event("run.waited", {
      for: z.enum(["approval", "timer", "signal", "run", "credential"]),
      untilMs: atMs.nullable(),
    }),
    event("run.woken", { by: z.enum(["approval", "timer", "signal", "run", "credential"]) }),
    event("signal.received", { name: nameSchema, payload: digestSchema }),
    event("run.paused", { by: nameSchema }),
    event("run.resumed", { by: nameSchema }),
    event("run.stopped", {
      reason: z.enum(["budget", "deadline", "steps", "frozen", "loop"]),
      detail: z.string().max(2_048),
    }),
    event("run.parked", { reason: z.string().max(2_048) }),
    event("run.partly_completed", {
      output: digestSchema,
      open: z.array(step).max(1_000).readonly(),
    }),
    event("run.completed", { output: digestSchema }),
    event("run.failed", { code: nameSchema, detail: z.string().max(2_048) }),
    event("run.cancelled", { by: nameSchema }),
  ])
  .readonly();
export type RunEvent = z.infer<typeof runEventSchema>;

export function toRunEventBytes(runEvent: RunEvent): Uint8Array {
  return toCanonicalBytes(runEvent);
}

/** A log that this version cannot read is a fault that names the place, never skipped over. */
export function fromRunEventBytes(bytes: Uint8Array): RunEvent {
  const parsed = parseStrictJson(bytes);
  if (parsed.kind === "refused") {
    throw unreadable(`${parsed.reason} at ${parsed.pointer || "the start"}`);
  }
  const runEvent = runEventSchema.safeParse(parsed.value);
  if (!runEvent.success) {
    const issue = runEvent.error.issues[0];
    throw unreadable(`${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim());
  }
  return deepFreeze(runEvent.data);
}

function unreadable(why: string): Fault {
  return new Fault("payload_invalid", `The bytes are not those of a run's event: ${why}.`);
}
