import { z } from "zod";
import { amountsSchema, capsSchema } from "./budget.ts";
import { toCanonicalBytes } from "./canonical.ts";
import { digestSchema } from "./digest.ts";
import { approvalIdSchema, entryIdSchema, runIdSchema } from "./id.ts";
import { principalSchema } from "./principal.ts";
import { fromRecordBytes } from "./record.ts";
import type { RunMove } from "./run-states.ts";

const nameSchema = z.string().min(1).max(256);
const step = z.int().nonnegative();
const atMs = z.int().nonnegative();

/** Calls of the run, each by its step and its place in it. */
const callsSchema = z
  .array(z.strictObject({ step, ordinal: step }).readonly())
  .max(1_000)
  .readonly();

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
      principal: principalSchema,
      parent: runIdSchema.nullable(),
      caps: capsSchema,
      deadlineMs: atMs.nullable(),
    }),
    /** Held before, spent after: a crash between the two does not forget what may have been spent. */
    event("model.asked", { step, context: digestSchema, held: amountsSchema }),
    event("model.responded", {
      step,
      backend: nameSchema,
      context: digestSchema,
      response: digestSchema,
      cost: amountsSchema,
    }),
    event("call.started", {
      step,
      ordinal: step,
      intent: digestSchema,
      entry: entryIdSchema,
      held: amountsSchema,
    }),
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
    /** Raised caps, when it goes on after a stop at one; null leaves them. */
    event("run.resumed", { by: nameSchema, caps: capsSchema.nullable() }),
    event("run.stopped", {
      reason: z.enum(["budget", "deadline", "steps", "frozen", "loop"]),
      detail: z.string().max(2_048),
    }),
    event("run.parked", { reason: z.string().max(2_048) }),
    event("run.partly_completed", {
      output: digestSchema,
      done: callsSchema,
      open: callsSchema,
      unknown: callsSchema,
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
  return fromRecordBytes(runEventSchema, bytes, "a run's event");
}

type Lifecycle = Extract<RunEvent["type"], `run.${string}`>;
type MoveOf<Type extends Lifecycle> = Type extends `run.${infer Move}` ? Move : never;

/** What an event does to the run's state; null where it leaves it. */
export function toRunMove({ type }: RunEvent): RunMove | null {
  const isLifecycle = (text: RunEvent["type"]): text is Lifecycle => text.startsWith("run.");
  // The compiler holds the events against the table: a move that it does not know is a type error.
  return isLifecycle(type) ? (type.slice("run.".length) as MoveOf<Lifecycle>) : null;
}
