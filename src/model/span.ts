import type { Digest } from "./digest.ts";
import type { Attributes } from "./span-attributes.ts";

/** Something that took time, as plain data. What made it is in the log: it can be made again at any time. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Null: nothing is above it. */
  readonly parentSpanId: string | null;
  readonly name: string;
  /** `client`: somebody else was asked. */
  readonly kind: "internal" | "client";
  readonly startMs: number;
  /** Null: it has not ended. */
  readonly endMs: number | null;
  readonly isError: boolean;
  readonly attributes: Attributes;
  /** Where in its log it ended: sequence of the event. Null: it has not. */
  readonly endSeq: number | null;
  /** Texts of its run that it took and gave. They are no part of it: few may read them. */
  readonly texts: { readonly input: Digest | null; readonly output: Digest | null };
}

/** One that has ended: others are not sent to anybody. */
export type EndedSpan = Span & { readonly endMs: number; readonly endSeq: number };

export function isEndedSpan(span: Span): span is EndedSpan {
  return span.endMs !== null;
}
