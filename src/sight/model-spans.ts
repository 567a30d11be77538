import type { Digest } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { Attributes } from "../model/span-attributes.ts";
import { toCostAttributes, toUsageAttributes } from "./usage-attributes.ts";
import type { Moment, SpanBook } from "./span-book.ts";

type Event<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

export interface ModelSpansOptions {
  /** The span that asks. */
  readonly parent: () => string;
  readonly model: string | null;
}

/** Each asking of a model is a span of its own, those that failed and those for a summary, too. */
export class ModelSpans {
  readonly #book: SpanBook;
  readonly #options: ModelSpansOptions;
  #asks = 0;
  #open: string | null = null;

  constructor(book: SpanBook, options: ModelSpansOptions) {
    this.#book = book;
    this.#options = options;
  }

  ask({ step, atMs, for: what }: Event<"model.asked">): void {
    const { parent, model } = this.#options;
    const attempt = this.#asks;
    this.#asks += 1;
    this.#open = this.#book.open({
      place: { subject: "model", step, ordinal: 0, attempt },
      parent: parent(),
      name: model === null ? "chat" : `chat ${model}`,
      kind: "client",
      startMs: atMs,
      attributes: {
        "gen_ai.operation.name": "chat",
        "openinference.span.kind": "LLM",
        "countersign.step": step,
        ...(model === null ? {} : { "gen_ai.request.model": model, "llm.model_name": model }),
        ...(what === "summary" ? { "countersign.summary": true } : {}),
      },
    });
  }

  respond(event: Event<"model.responded">, moment: Moment): void {
    const { backend, stop, usage, cost, response } = event;
    this.#end(
      { ...moment, output: response },
      {
        "gen_ai.provider.name": backend,
        "gen_ai.response.finish_reasons": [stop],
        ...toUsageAttributes(usage),
        ...toCostAttributes(cost.micros),
      },
    );
  }

  fail({ code, retryAtMs, cost }: Event<"model.failed">, moment: Moment): void {
    const isRetried = retryAtMs !== null;
    this.#end(moment, {
      "error.type": code,
      ...(isRetried ? { "countersign.retry_at": new Date(retryAtMs).toISOString() } : {}),
      // What was held is taken as spent where nobody knows.
      ...(cost.micros === 0 ? {} : toCostAttributes(cost.micros)),
    });
  }

  compact({ backend, cost, stop, step }: Event<"context.compacted">, moment: Moment): void {
    const said: Attributes = {
      ...(backend === null ? {} : { "gen_ai.provider.name": backend }),
      ...(backend === null && stop !== undefined ? { "error.type": stop } : {}),
      ...toCostAttributes(cost.micros),
    };
    if (this.#open !== null) return this.#end(moment, said);
    this.#book.point(
      {
        place: { subject: "context", step, ordinal: 0, attempt: moment.seq },
        parent: this.#options.parent(),
        name: "compact",
        startMs: moment.atMs,
        attributes: { "openinference.span.kind": "CHAIN", "countersign.step": step },
      },
      moment,
    );
  }

  #end(moment: Moment & { readonly output?: Digest }, attributes: Attributes): void {
    if (this.#open === null) throw new Error("a model answered that nobody had asked");
    this.#book.end(this.#open, { ...moment, isError: "error.type" in attributes, attributes });
    this.#open = null;
  }
}
