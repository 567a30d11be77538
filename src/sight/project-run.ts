import type { RunId } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import { toRunTrace } from "../model/trace-context.ts";
import type { NumberedEvent } from "../ports/run-desk.ts";
import type { Attributes } from "../model/span-attributes.ts";
import { CallSpans } from "./call-spans.ts";
import { ModelSpans } from "./model-spans.ts";
import { SpanBook, type Moment } from "./span-book.ts";
import type { Span } from "../model/span.ts";

type Event<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

export interface RunLog {
  readonly run: RunId;
  /** From the first one on, in order. */
  readonly events: readonly NumberedEvent[];
  /** Alias that its bundle asks; null: nobody knows any more. */
  readonly model: string | null;
}

/**
 * The spans of one run, from its log and nothing else: the same log gives the same spans, ids and order
 * included, and a longer log leaves those that have ended as they were.
 */
export function projectRun(log: RunLog): readonly Span[] {
  const [first, ...rest] = log.events;
  if (first === undefined || first.event.type !== "run.created")
    throw new Error("a run's log begins with another event than its creation");
  const spans = new RunSpans(log, first.event);
  for (const { seq, event } of rest) spans.take(event, { seq, atMs: event.atMs });
  return spans.all;
}

class RunSpans {
  readonly #book: SpanBook;
  readonly #calls: CallSpans;
  readonly #models: ModelSpans;
  readonly #created: Event<"run.created">;
  /** A run that rests and is told to go on has another span from then on. */
  #leg: string;
  #legs = 1;
  #points = 0;

  constructor({ run, model }: RunLog, created: Event<"run.created">) {
    this.#created = created;
    const { root, principal } = created;
    const common = { "session.id": root, "user.id": principal.subject, "countersign.run": run };
    this.#book = new SpanBook({ run, traceId: toRunTrace(created), common });
    this.#leg = this.#openLeg(created.trace?.span ?? this.#toParent(), created.atMs);
    const parent = (): string => this.#leg;
    this.#calls = new CallSpans(this.#book, parent);
    this.#models = new ModelSpans(this.#book, { parent, model });
  }

  get all(): readonly Span[] {
    return this.#book.spans;
  }

  /** Of a sub-agent whose log was written before spans were named there: the call's first span. */
  #toParent(): string | null {
    const { parent } = this.#created;
    if (parent === null) return null;
    const { run, step, ordinal } = parent;
    const book = new SpanBook({ run, traceId: "", common: {} });
    return book.idOf({ subject: "call", step, ordinal, attempt: 0 });
  }

  #openLeg(parent: string | null, startMs: number): string {
    const { agent, bundle, root, forkOf } = this.#created;
    const attempt = this.#legs - 1;
    return this.#book.open({
      place: { subject: "run", step: 0, ordinal: 0, attempt },
      parent,
      name: `invoke_agent ${agent}`,
      startMs,
      ...(attempt === 0 ? { input: this.#created.input } : {}),
      attributes: {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": agent,
        "gen_ai.conversation.id": root,
        "openinference.span.kind": "AGENT",
        "countersign.bundle": bundle,
        ...(attempt === 0 ? {} : { "countersign.attempt": attempt }),
        ...(forkOf === null ? {} : { "countersign.fork_of": forkOf.run }),
      },
    });
  }

  take(event: RunEvent, moment: Moment): void {
    switch (event.type) {
      case "model.asked":
        return this.#models.ask(event);
      case "model.responded":
        this.#calls.plan(event.step, event.calls);
        return this.#models.respond(event, moment);
      case "model.failed":
        return this.#models.fail(event, moment);
      case "context.compacted":
        return this.#models.compact(event, moment);
      case "compensation.planned":
        this.#calls.plan(event.step, event.calls);
        return this.#point(`compensate`, { step: event.step, moment, subject: "plan" });
      case "source.read":
        return this.#readSource(event, moment);
      case "run.resumed":
        return this.#resume(event);
      default:
        this.#end(event, moment);
        return this.#calls.take(event, moment);
    }
  }

  #point(
    name: string,
    { step, moment, subject, attributes = {}, isError = false }: Pointing,
  ): void {
    const place = { subject, step, ordinal: 0, attempt: this.#points++ };
    const { atMs } = moment;
    const base = { "openinference.span.kind": "CHAIN", "countersign.step": step } as const;
    this.#book.point(
      { place, parent: this.#leg, name, startMs: atMs, attributes: { ...base, ...attributes } },
      { ...moment, isError },
    );
  }

  #readSource({ source, step, why, isError }: Event<"source.read">, moment: Moment): void {
    this.#point(`retrieval ${source}`, {
      step,
      moment,
      subject: "source",
      isError,
      attributes: {
        "openinference.span.kind": "RETRIEVER",
        "gen_ai.operation.name": "retrieval",
        "gen_ai.data_source.id": source,
        "countersign.why": why,
        "countersign.is_error": isError,
        ...(isError ? { "error.type": "source_unreadable" } : {}),
      },
    });
  }

  #resume({ atMs }: Event<"run.resumed">): void {
    // After a mere pause the span has never ended.
    if (this.#book.isOpen(this.#leg)) return;
    const first = this.#book.idOf({ subject: "run", step: 0, ordinal: 0, attempt: 0 });
    this.#legs += 1;
    this.#leg = this.#openLeg(first, atMs);
  }

  #end(event: RunEvent, moment: Moment): void {
    const end = toEnd(event);
    if (end === null) return;
    const { outcome, error, isLast } = end;
    this.#book.end(this.#leg, {
      ...moment,
      isError: error !== null,
      ...("output" in event ? { output: event.output } : {}),
      attributes: {
        "countersign.outcome": outcome,
        ...(error === null ? {} : { "error.type": error }),
      },
    });
    if (isLast) this.#book.endAll(moment);
  }
}

interface Pointing {
  readonly step: number;
  readonly moment: Moment;
  readonly subject: "plan" | "source";
  readonly attributes?: Attributes;
  readonly isError?: boolean;
}

interface RunEnd {
  readonly outcome: string;
  readonly error: string | null;
  /** Nothing of the run follows. */
  readonly isLast: boolean;
}

/** A run that stopped, was parked or is partial may rest for ever: its span ends there. */
function toEnd(event: RunEvent): RunEnd | null {
  switch (event.type) {
    case "run.completed":
      return { outcome: "completed", error: null, isLast: true };
    case "run.cancelled":
      return { outcome: "cancelled", error: null, isLast: true };
    case "run.failed":
      return { outcome: "failed", error: event.code, isLast: true };
    case "run.partly_completed":
      return { outcome: "partial", error: "partial", isLast: false };
    case "run.stopped":
      return { outcome: "stopped", error: event.reason, isLast: false };
    case "run.parked":
      return { outcome: "parked", error: "parked", isLast: false };
    default:
      return null;
  }
}
