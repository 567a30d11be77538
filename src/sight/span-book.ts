import type { Digest, RunId } from "../model/index.ts";
import { toSpanId, type SpanPlace } from "../model/trace-context.ts";
import type { Attributes } from "../model/span-attributes.ts";
import type { Span } from "../model/span.ts";

export type Place = Omit<SpanPlace, "run">;

export interface Opening {
  readonly place: Place;
  readonly parent: string | null;
  readonly name: string;
  readonly kind?: Span["kind"];
  readonly startMs: number;
  readonly attributes: Attributes;
  readonly input?: Digest;
}

export interface Moment {
  readonly seq: number;
  readonly atMs: number;
}

export interface Ending extends Moment {
  readonly isError?: boolean;
  readonly attributes?: Attributes;
  /** It turned out to have begun earlier than the log said first. */
  readonly startMs?: number;
  readonly output?: Digest;
}

/** Spans of one run in the order in which they were opened. */
export class SpanBook {
  readonly #spans: Span[] = [];
  readonly #open = new Map<string, number>();
  readonly #known = new Set<string>();
  readonly #run: RunId;
  readonly #traceId: string;
  /** Stands on each of them. */
  readonly #common: Attributes;

  constructor(options: {
    readonly run: RunId;
    readonly traceId: string;
    readonly common: Attributes;
  }) {
    this.#run = options.run;
    this.#traceId = options.traceId;
    this.#common = options.common;
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }

  idOf(place: Place): string {
    return toSpanId({ ...place, run: this.#run });
  }

  isOpen(spanId: string): boolean {
    return this.#open.has(spanId);
  }

  open(opening: Opening): string {
    const { place, parent, name, kind = "internal", startMs, attributes, input = null } = opening;
    const spanId = this.idOf(place);
    if (this.#known.has(spanId)) throw new Error(`span ${JSON.stringify(place)} is opened twice`);
    this.#known.add(spanId);
    this.#open.set(spanId, this.#spans.length);
    this.#spans.push({
      traceId: this.#traceId,
      spanId,
      parentSpanId: parent,
      name,
      kind,
      startMs,
      endMs: null,
      isError: false,
      attributes: { ...this.#common, ...attributes },
      endSeq: null,
      texts: { input, output: null },
    });
    return spanId;
  }

  /** One that is not open is left as it is. */
  end(spanId: string, ending: Ending): void {
    const { seq, atMs, isError = false, attributes = {}, startMs, output = null } = ending;
    const at = this.#open.get(spanId);
    if (at === undefined) return;
    this.#open.delete(spanId);
    const span = this.#spans[at]!;
    const beganMs = Math.min(span.startMs, startMs ?? span.startMs);
    this.#spans[at] = Object.freeze({
      ...span,
      startMs: beganMs,
      // Clocks of replicas may differ: nothing ends before it began.
      endMs: Math.max(atMs, beganMs),
      isError,
      attributes: { ...span.attributes, ...attributes },
      endSeq: seq,
      texts: { ...span.texts, output },
    });
  }

  /** Something that is known to have been done, and not for how long. */
  point(opening: Opening, ending: Ending): void {
    this.end(this.open(opening), ending);
  }

  /** Nothing follows: whatever was under way was cut. */
  endAll(moment: Moment): void {
    for (const spanId of this.#open.keys())
      this.end(spanId, { ...moment, attributes: { "countersign.outcome": "cut" } });
  }
}
