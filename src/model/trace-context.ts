import { hash } from "node:crypto";
import { z } from "zod";
import type { RunId } from "./id.ts";

/** A span of somebody's trace, as W3C Trace Context names it. All zeroes name nothing. */
export const traceContextSchema = z
  .strictObject({
    trace: z.string().regex(/^(?!0{32})[0-9a-f]{32}$/),
    span: z.string().regex(/^(?!0{16})[0-9a-f]{16}$/),
  })
  .readonly();
export type TraceContext = z.infer<typeof traceContextSchema>;

const shape = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** A `traceparent`; null where it is none that this version knows. It is a hint, so nothing refuses it. */
export function parseTraceparent(given: unknown): TraceContext | null {
  const found = typeof given === "string" ? shape.exec(given) : null;
  if (found === null) return null;
  return traceContextSchema.safeParse({ trace: found[1], span: found[2] }).data ?? null;
}

/** Always marked as sampled: what is kept is decided at the end. */
export function toTraceparent({ trace, span }: TraceContext): string {
  return `00-${trace}-${span}-01`;
}

/** What can be the subject of a span of a run. */
export type SpanSubject =
  | "run"
  | "model"
  | "call"
  | "wait"
  | "skill"
  | "source"
  | "fact"
  | "context"
  | "plan";

export interface SpanPlace {
  readonly run: RunId;
  readonly subject: SpanSubject;
  readonly step: number;
  readonly ordinal: number;
  /** Which one of this subject at this place, from 0. */
  readonly attempt: number;
}

/** From what the log says and nothing else: whoever counts it again comes to the same id. */
export function toSpanId({ run, subject, step, ordinal, attempt }: SpanPlace): string {
  return digest(`span\n${run}\n${subject}\n${step}\n${ordinal}\n${attempt}`, 8);
}

/** Of a run whose caller named no trace: all runs of its tree are in one. */
export function toTraceId(root: RunId): string {
  return digest(`trace\n${root}`, 16);
}

/** Of something that is no run's, by its entry in the ledger. */
export function toEntrySpanId(entry: string): string {
  return digest(`entry\n${entry}`, 8);
}
export function toEntryTraceId(entry: string): string {
  return digest(`trace of entry\n${entry}`, 16);
}

function digest(text: string, bytes: number): string {
  return hash("sha256", text).slice(0, bytes * 2);
}

/** What a run's own spans belong to. */
export function toRunTrace(created: {
  readonly root: RunId;
  readonly trace?: TraceContext | undefined;
}): string {
  return created.trace?.trace ?? toTraceId(created.root);
}
