import { z } from "zod";
import { amountsSchema, capsSchema } from "./budget.ts";
import { toCanonicalBytes } from "./canonical.ts";
import { digestSchema } from "./digest.ts";
import { approvalIdSchema, entryIdSchema, runIdSchema } from "./id.ts";
import { principalSchema } from "./principal.ts";
import { fromRecordBytes } from "./record.ts";
import { runQualitySchema } from "./run-quality.ts";
import type { RunMove } from "./run-states.ts";
import { traceContextSchema } from "./trace-context.ts";

const nameSchema = z.string().min(1).max(256);
const step = z.int().nonnegative();
const atMs = z.int().nonnegative();
/** A letter of the run's inbox that this event folds in; each is folded once. */
const inbox = z.int().positive();
/** A step's place and which of its calls. */
const place = { step, ordinal: step };
/** Leaf hash of the entry that became durable with it, which the run's next one points to. */
const leaf = digestSchema.optional();

/** Calls of the run, each by its step and its place in it. */
const callsSchema = z.array(z.strictObject(place).readonly()).max(1_000).readonly();

/** More calls than this in one answer of a model are an answer gone wrong. */
export const maxCallsPerTurn = 64;

/** A call as the model asked for it; its arguments are in the response's blob, in the same order. */
const plannedSchema = z
  .strictObject({
    /** As the model named it. */
    tool: nameSchema,
    /** Digest of the arguments as text: the same call again is known by it. */
    args: digestSchema,
    /**
     * `agent`: a sub-agent; `wait`: for a time or a signal; `skill`: reads one; `find`: looks for tools;
     * `refused`: what the model wrote is no call.
     */
    effect: z.enum(["read", "write", "destructive", "agent", "wait", "skill", "find", "refused"]),
  })
  .readonly();
export type PlannedCall = z.infer<typeof plannedSchema>;

/** What the run does with itself: nobody is asked, and nothing is spent. */
export function isOwnEffect(effect: PlannedCall["effect"]): boolean {
  return effect === "wait" || effect === "skill" || effect === "find";
}

/** A piece of what the model is shown; its content is a blob. */
const contextPartSchema = z
  .strictObject({
    kind: z.enum(["input", "response", "result", "late", "signal", "source"]),
    digest: digestSchema,
    ...place,
    /** Of a source. */
    name: nameSchema.optional(),
  })
  .readonly();
export type ContextPart = z.infer<typeof contextPartSchema>;

/** What a thing was when it was read: a key that the tool's declaration makes, and a digest of the value. */
const factSchema = z
  .strictObject({ key: z.string().min(1).max(512), value: digestSchema })
  .readonly();
const thingsSchema = z.array(z.string().min(1).max(512)).max(32).readonly();

/** One turn's context: what it goes back to, and what it takes of the window, in tokens as we count them. */
const snapshotSchema = z
  .strictObject({
    /** Digest of the snapshot before it; null: the first. */
    parent: digestSchema.nullable(),
    tokens: z
      .strictObject({
        instructions: step,
        tools: step,
        conversation: step,
        /** By name. */
        sources: z.record(nameSchema, step).readonly(),
      })
      .readonly(),
    /** Tokens that one result is shown at most; absent: it may have any length. */
    mostOfResult: step.optional(),
    /** What the parent held, or this one would have, and why it does not. */
    dropped: z
      .array(
        z
          .strictObject({
            kind: nameSchema,
            ...place,
            name: nameSchema.optional(),
            /** `shortened`: it is there, but not as long as it is. */
            why: z.enum(["superseded", "compacted", "shortened", "not_offered", "searched_for"]),
          })
          .readonly(),
      )
      .max(1_000)
      .readonly(),
  })
  .readonly();
export type ContextSnapshot = z.infer<typeof snapshotSchema>;

const waits = ["approval", "timer", "signal", "run", "credential"] as const;

function event<Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) {
  return z.strictObject({ v: z.literal(1), type: z.literal(type), atMs, ...shape });
}

/**
 * What happened in a run, in the past tense. State is the fold of these and nothing else. Contents
 * are blobs: an event names their digests, so a long conversation makes no long log.
 */
export const runEventSchema = z
  .discriminatedUnion("type", [
    event("run.created", {
      agent: nameSchema,
      bundle: digestSchema,
      input: digestSchema,
      principal: principalSchema,
      roles: z.array(nameSchema).max(64).readonly(),
      /** The call that asked for it; null for a run that somebody started. */
      parent: z
        .strictObject({ run: runIdSchema, ...place })
        .readonly()
        .nullable(),
      /** Whose budget it shares: its own id where it stands alone. */
      root: runIdSchema,
      /** The span of whoever asked for it; absent: they named none. */
      trace: traceContextSchema.optional(),
      /** Whose events stand before this one's; null for a run from the start. */
      forkOf: z.strictObject({ run: runIdSchema, step }).readonly().nullable(),
      /** What a fork begins with, as it stood at that step. */
      context: z.array(contextPartSchema).max(4_096).readonly(),
      /** Of a fork: what stands in it for that which was summarised before. */
      compaction: z
        .strictObject({ upTo: step, summary: digestSchema, ledger: digestSchema })
        .readonly()
        .optional(),
      /** Of a fork: the tools that had been found, those found last at the end. */
      found: z.array(nameSchema).max(256).readonly().optional(),
      caps: capsSchema,
      maxSteps: z.int().positive(),
      deadlineMs: atMs.nullable(),
    }),
    event("run.started", {}),
    /** Held before, spent after: a crash between the two does not forget what may have been spent. */
    event("model.asked", {
      step,
      /** Digest of the snapshot. */
      context: digestSchema,
      held: amountsSchema,
      snapshot: snapshotSchema.optional(),
      /** Absent: for the next turn. */
      for: z.literal("summary").optional(),
    }),
    event("model.responded", {
      step,
      backend: nameSchema,
      response: digestSchema,
      stop: z.enum(["ended", "tool_calls", "length", "refused", "other"]),
      calls: z.array(plannedSchema).max(maxCallsPerTurn).readonly(),
      usage: z
        .strictObject({
          input: z.int().nonnegative().nullable(),
          cached: z.int().nonnegative().nullable(),
          written: z.int().nonnegative().nullable(),
          output: z.int().nonnegative().nullable(),
          reasoning: z.int().nonnegative().nullable(),
        })
        .readonly(),
      prices: digestSchema,
      cost: amountsSchema,
    }),
    /** No answer came; what was held is spent where nobody knows. */
    event("model.failed", {
      step,
      code: nameSchema,
      retryAtMs: atMs.nullable(),
      cost: amountsSchema,
    }),
    /** Durable together with the intent. */
    event("call.started", { ...place, intent: digestSchema, entry: entryIdSchema, leaf }),
    event("call.ended", {
      ...place,
      /** Of the intent; null for a read, and for what was never sent. */
      entry: entryIdSchema.nullable(),
      outcome: z.enum(["answered", "tool_error", "denied", "unavailable", "fault", "unknown"]),
      result: digestSchema,
      cost: amountsSchema,
      /** From when it was asked for to its end, and how long its result is; absent: it was never made. */
      ms: z.int().nonnegative().optional(),
      bytes: z.int().nonnegative().optional(),
      /** What its answer says of things, as the tool's declaration reads it. */
      facts: z.array(factSchema).max(64).readonly().optional(),
      /** Its arguments were not as its tool takes them. */
      isMalformed: z.literal(true).optional(),
      /** Key of a fact that its arguments were not in line with. */
      contradicts: z.string().min(1).max(512).optional(),
      /** Things that it has changed, or may have. */
      changed: thingsSchema.optional(),
      leaf,
    }),
    /** It has to wait, for a person or a time, and is made again then. */
    event("call.deferred", {
      ...place,
      for: z.enum(["approval", "credential", "timer", "signal"]),
      approval: approvalIdSchema.nullable(),
      /** Of the signal. */
      name: nameSchema.nullable(),
      untilMs: atMs,
      leaf,
    }),
    /** Durable together with the end of the call that asked for it. */
    event("skill.read", {
      ...place,
      skill: nameSchema,
      path: z.string().min(1).max(1_024),
      /** Of the file's bytes. */
      digest: digestSchema,
    }),
    /** Tools that the model has looked for: it is shown them from now on. */
    event("tools.found", { ...place, tools: z.array(nameSchema).max(64).readonly() }),
    /** A source of the context was read, or read again. */
    event("source.read", {
      step,
      source: nameSchema,
      /** Of what it said: the same digest again is no other version. */
      digest: digestSchema,
      why: z.enum(["first", "stale", "invalidated"]),
      /** It could not be read: what is shown says so. */
      isError: z.boolean(),
      tokens: step,
      /** Tokens that its budget left out. */
      cut: step,
      /** Absent: nothing. */
      cost: amountsSchema.optional(),
    }),
    /** Before an effect: a fact that it depends on was read again. */
    event("fact.read", {
      /** Of the effect. */
      ...place,
      key: z.string().min(1).max(512),
      was: digestSchema,
      /** Null: there is no such thing any more. */
      value: digestSchema.nullable(),
      why: z.enum(["stale", "touched"]),
      /** From when it was asked for to its answer. */
      ms: z.int().nonnegative().optional(),
      result: digestSchema,
      cost: amountsSchema,
    }),
    /** All before a step is out of the context: a summary and a ledger of calls stand in its place. */
    event("context.compacted", {
      step,
      /** What belongs to this step and later ones stays. */
      upTo: step,
      summary: digestSchema,
      ledger: digestSchema,
      tokens: z.strictObject({ before: step, after: step }).readonly(),
      dropped: z.strictObject({ responses: step, results: step, sources: step }).readonly(),
      /** Null: no model answered. */
      backend: nameSchema.nullable(),
      prices: digestSchema.nullable(),
      cost: amountsSchema,
      /** Why the summary is not whole: how the answer ended, or the fault that came in its place. */
      stop: nameSchema.optional(),
    }),
    /** With the end of the run, and before it in the log. */
    event("context.measured", { step, quality: runQualitySchema }),
    event("approval.decided", {
      approval: approvalIdSchema,
      outcome: z.enum(["approved", "denied", "expired", "voided"]),
      inbox,
    }),
    event("child.started", { ...place, run: runIdSchema, leaf }),
    event("child.stopped", { run: runIdSchema, reason: nameSchema, inbox: inbox.nullable() }),
    event("child.ended", {
      ...place,
      run: runIdSchema,
      outcome: z.enum(["completed", "partial", "failed", "cancelled"]),
      result: digestSchema,
      /** Null: it had ended before it was known to have begun. */
      inbox: inbox.nullable(),
    }),
    /** What takes back the effects of the run, the last one first; as an answer of a model it is carried out. */
    event("compensation.planned", {
      step,
      by: nameSchema,
      response: digestSchema,
      calls: z.array(plannedSchema).max(maxCallsPerTurn).readonly(),
    }),
    event("run.waited", { for: z.enum(waits), untilMs: atMs.nullable() }),
    event("run.woken", { by: z.enum(waits) }),
    event("signal.received", { name: nameSchema, payload: digestSchema, inbox }),
    event("run.paused", { by: nameSchema, inbox }),
    /** Raised caps, when it goes on after a stop at one; null leaves all of them, or the one. */
    event("run.resumed", {
      by: nameSchema,
      caps: capsSchema.nullable(),
      maxSteps: z.int().positive().nullable(),
      deadlineMs: atMs.nullable(),
      inbox,
    }),
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
    event("run.cancelled", { by: nameSchema, inbox: inbox.nullable() }),
    /** A letter that means nothing here any more: a decision that is known, a child that is no child. */
    event("letter.dropped", { inbox, reason: nameSchema }),
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

type Lifecycle = Exclude<Extract<RunEvent["type"], `run.${string}`>, "run.created">;
type MoveOf<Type extends Lifecycle> = Type extends `run.${infer Move}` ? Move : never;

/** What an event does to the run's state; null where it leaves it. */
export function toRunMove({ type }: RunEvent): RunMove | null {
  const isLifecycle = (text: RunEvent["type"]): text is Lifecycle =>
    text.startsWith("run.") && text !== "run.created";
  // The compiler holds the events against the table: a move that it does not know is a type error.
  return isLifecycle(type) ? (type.slice("run.".length) as MoveOf<Lifecycle>) : null;
}
