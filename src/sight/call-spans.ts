import type { PlannedCall, RunEvent } from "../model/run-event.ts";
import { isOwnEffect } from "../model/run-event.ts";
import type { Attributes } from "../model/span-attributes.ts";
import type { Moment, SpanBook } from "./span-book.ts";

type Event<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;
type Effect = PlannedCall["effect"];

interface Call {
  readonly step: number;
  readonly ordinal: number;
  readonly tool: string;
  readonly effect: Effect;
  /** How often it has ended: it may be made again after that. */
  ends: number;
  waits: number;
  reads: number;
  /** It was put off since it was opened. */
  hasWaited: boolean;
  /** The wait that it is in, and the approval that it waits for. */
  wait: { readonly span: string; readonly approval: string | null } | null;
}

/** Calls of a run with what they waited for and what they read. */
export class CallSpans {
  readonly #book: SpanBook;
  readonly #parent: () => string;
  readonly #calls = new Map<string, Call>();

  constructor(book: SpanBook, parent: () => string) {
    this.#book = book;
    this.#parent = parent;
  }

  plan(step: number, calls: readonly PlannedCall[]): void {
    for (const [ordinal, { tool, effect }] of calls.entries()) {
      const counts = { ends: 0, waits: 0, reads: 0, hasWaited: false, wait: null };
      this.#calls.set(`${step}.${ordinal}`, { step, ordinal, tool, effect, ...counts });
    }
  }

  take(event: RunEvent, moment: Moment): void {
    switch (event.type) {
      case "call.started":
        return this.#start(event, moment);
      case "call.deferred":
        return this.#defer(event, moment);
      case "call.ended":
        return this.#end(event, moment);
      case "child.started":
        return void this.#reach(this.#find(event), moment);
      case "child.ended":
        return this.#endChild(event, moment);
      case "approval.decided":
        return this.#decide(event, moment);
      case "skill.read":
        return this.#read(event, moment, {
          subject: "skill",
          name: `read_skill ${event.skill}`,
          attributes: { "gen_ai.data_source.id": event.skill, "countersign.skill": event.skill },
        });
      case "fact.read":
        return this.#read(event, moment, {
          subject: "fact",
          name: "read_fact",
          attributes: { "countersign.why": event.why },
        });
      default:
    }
  }

  #find({ step, ordinal }: { readonly step: number; readonly ordinal: number }): Call {
    const call = this.#calls.get(`${step}.${ordinal}`);
    if (call === undefined) throw new Error(`there is no call ${step}/${ordinal}`);
    return call;
  }

  #idOf({ step, ordinal, ends }: Call): string {
    return this.#book.idOf({ subject: "call", step, ordinal, attempt: ends });
  }

  /** Something is heard of it: its span is open from then on, and what it waited for is over. */
  #reach(call: Call, { seq, atMs }: Moment): string {
    if (call.wait !== null) this.#book.end(call.wait.span, { seq, atMs });
    call.wait = null;
    const spanId = this.#idOf(call);
    if (this.#book.isOpen(spanId)) return spanId;
    call.hasWaited = false;
    return this.#book.open({
      place: { subject: "call", step: call.step, ordinal: call.ordinal, attempt: call.ends },
      parent: this.#parent(),
      name: `execute_tool ${call.tool}`,
      kind: isOwnEffect(call.effect) || call.effect === "refused" ? "internal" : "client",
      startMs: atMs,
      attributes: toCallAttributes(call),
    });
  }

  #start(event: Event<"call.started">, moment: Moment): void {
    this.#reach(this.#find(event), moment);
  }

  #defer(event: Event<"call.deferred">, moment: Moment): void {
    const call = this.#find(event);
    const parent = this.#reach(call, moment);
    const { for: what, approval, name } = event;
    const { step, ordinal } = call;
    call.hasWaited = true;
    const span = this.#book.open({
      place: { subject: "wait", step, ordinal, attempt: call.waits++ },
      parent,
      name: name === null ? `wait ${what}` : `wait ${what} ${name}`,
      startMs: moment.atMs,
      attributes: {
        "openinference.span.kind": "CHAIN",
        "countersign.step": step,
        "countersign.wait": what,
        ...(approval === null ? {} : { "countersign.approval": approval }),
      },
    });
    call.wait = { span, approval };
  }

  #decide({ approval, outcome }: Event<"approval.decided">, moment: Moment): void {
    for (const call of this.#calls.values()) {
      if (call.wait === null || call.wait.approval !== approval) continue;
      const attributes = { "countersign.decision": outcome };
      this.#book.end(call.wait.span, { ...moment, attributes });
      call.wait = null;
    }
  }

  #end(event: Event<"call.ended">, moment: Moment): void {
    const call = this.#find(event);
    const span = this.#reach(call, moment);
    const { outcome, entry, ms, result } = event;
    const isError = outcome !== "answered";
    this.#book.end(span, {
      ...moment,
      isError,
      output: result,
      // How long it took counts from when it was made last.
      ...(ms === undefined || call.hasWaited ? {} : { startMs: moment.atMs - ms }),
      attributes: {
        "countersign.outcome": outcome,
        "countersign.is_error": isError,
        ...(isError ? { "error.type": outcome } : {}),
        ...(entry === null ? {} : { "countersign.entry": entry }),
        ...(ms === undefined ? {} : { "countersign.active_ms": ms }),
      },
    });
    call.ends += 1;
  }

  #endChild({ step, ordinal, run, outcome, result }: Event<"child.ended">, moment: Moment): void {
    const call = this.#find({ step, ordinal });
    const span = this.#reach(call, moment);
    const isError = outcome !== "completed";
    this.#book.end(span, {
      ...moment,
      isError,
      output: result,
      attributes: {
        "countersign.child": run,
        "countersign.outcome": outcome,
        "countersign.is_error": isError,
        ...(isError ? { "error.type": outcome } : {}),
      },
    });
    call.ends += 1;
  }

  /** What is read for a call stands before or with its end: where it has ended, below that span. */
  #read(
    place: { readonly step: number; readonly ordinal: number },
    moment: Moment,
    said: {
      readonly subject: "skill" | "fact";
      readonly name: string;
      readonly attributes: Attributes;
    },
  ): void {
    const call = this.#find(place);
    const { step, ordinal } = call;
    const last = this.#book.idOf({ subject: "call", step, ordinal, attempt: call.ends - 1 });
    const parent = call.ends === 0 ? this.#reach(call, moment) : last;
    this.#book.point(
      {
        place: { subject: said.subject, step, ordinal, attempt: call.reads++ },
        parent,
        name: said.name,
        startMs: moment.atMs,
        attributes: {
          "openinference.span.kind": "RETRIEVER",
          "gen_ai.operation.name": "retrieval",
          "countersign.step": step,
          ...said.attributes,
        },
      },
      moment,
    );
  }
}

function toCallAttributes({ step, ordinal, tool, effect, ends }: Call): Attributes {
  const isSent = !isOwnEffect(effect) && effect !== "refused";
  return {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": tool,
    "gen_ai.tool.call.id": `${step}.${ordinal}`,
    "gen_ai.tool.type": "function",
    "openinference.span.kind": "TOOL",
    "tool.name": tool,
    "countersign.step": step,
    "countersign.ordinal": ordinal,
    "countersign.effect": effect,
    ...(isSent ? { "mcp.method.name": "tools/call" } : {}),
    ...(ends === 0 ? {} : { "countersign.attempt": ends }),
  };
}
