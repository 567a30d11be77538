import type { Digest, EntryId } from "../model/index.ts";
import { toFailure, type Failure } from "../model/failure-class.ts";
import { maxCallsPerTurn, type PlannedCall, type RunEvent } from "../model/run-event.ts";
import type { NumberedEvent } from "../ports/run-desk.ts";

type Event<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;
type Outcome = Event<"call.ended">["outcome"];
type ChildOutcome = Event<"child.ended">["outcome"];

export interface Execution {
  /** First and last thing that was done; null: nothing was. */
  readonly fromMs: number | null;
  readonly untilMs: number | null;
  readonly steps: number;
  readonly model: {
    readonly asked: number;
    readonly answered: number;
    readonly failed: readonly FailedAsk[];
    readonly compactions: number;
  };
  /** How often a call ended so. */
  readonly calls: Readonly<Record<Outcome, number>>;
  readonly children: Readonly<Record<ChildOutcome, number>>;
  readonly slowest: readonly Timed[];
  readonly denials: readonly Denial[];
  readonly asks: readonly Ask[];
  /** Effects of which nobody knows whether they were carried out. */
  readonly unknown: readonly (Place & { readonly entry: EntryId | null })[];
  /** Were not over at its last event. */
  readonly open: readonly Place[];
  readonly failure: Failure | null;
}

export interface Place {
  readonly step: number;
  readonly ordinal: number;
  readonly tool: string;
}

export interface FailedAsk {
  readonly step: number;
  readonly atMs: number;
  readonly failure: Failure;
}

export interface Timed {
  readonly what: "model" | "call";
  readonly step: number;
  /** Null for a turn of the model. */
  readonly ordinal: number | null;
  /** The tool, or the backend that answered. */
  readonly name: string;
  readonly atMs: number;
  readonly ms: number;
}

export interface Denial extends Place {
  readonly atMs: number;
  /** Of the words in which it was said: the rule is named there. */
  readonly result: Digest;
}

export interface Ask extends Place {
  readonly approval: string | null;
  readonly atMs: number;
  readonly decidedMs: number | null;
  readonly outcome: Event<"approval.decided">["outcome"] | null;
}

const shownSlowest = 3;

export function explainExecution(events: readonly NumberedEvent[]): Execution {
  const work = new Working();
  for (const { event } of events) work.take(event);
  return work.toExecution();
}

/** What is known of a run's work so far. */
class Working {
  readonly #planned = new Map<string, PlannedCall>();
  readonly #under = new Map<string, Place>();
  readonly #unknown = new Map<string, Execution["unknown"][number]>();
  readonly #asks: Ask[] = [];
  readonly #denials: Denial[] = [];
  readonly #failed: FailedAsk[] = [];
  readonly #timed: Timed[] = [];
  readonly #times: number[] = [];
  readonly #calls: Record<Outcome, number> = {
    answered: 0,
    tool_error: 0,
    denied: 0,
    unavailable: 0,
    fault: 0,
    unknown: 0,
  };
  readonly #children: Record<ChildOutcome, number> = {
    completed: 0,
    partial: 0,
    failed: 0,
    cancelled: 0,
  };
  #asked = 0;
  #answered = 0;
  #compactions = 0;
  #steps = 0;
  #askedMs: number | null = null;
  /** Of a question that nobody has answered since. */
  #modelFailure: Failure | null = null;

  take(event: RunEvent): void {
    if (isWork(event)) this.#times.push(event.atMs);
    switch (event.type) {
      case "model.asked":
        this.#asked += 1;
        this.#askedMs = event.atMs;
        return;
      case "model.responded":
        return this.#respond(event);
      case "model.failed":
        this.#modelFailure = toFailure(event.code);
        this.#failed.push({ step: event.step, atMs: event.atMs, failure: this.#modelFailure });
        return;
      case "context.compacted":
        this.#modelFailure = null;
        this.#compactions += 1;
        return;
      case "compensation.planned":
        this.#steps = Math.max(this.#steps, event.step + 1);
        return this.#plan(event);
      case "call.started":
      case "child.started":
        this.#under.set(toKey(event), this.#place(event));
        return;
      case "call.deferred":
        return this.#defer(event);
      case "approval.decided":
        return this.#decide(event);
      case "call.ended":
        return this.#end(event);
      case "child.ended":
        this.#children[event.outcome] += 1;
        this.#under.delete(toKey(event));
        return;
      default:
    }
  }

  #plan({ step, calls }: Event<"model.responded" | "compensation.planned">): void {
    for (const [ordinal, call] of calls.slice(0, maxCallsPerTurn).entries())
      this.#planned.set(toKey({ step, ordinal }), call);
  }

  #respond(event: Event<"model.responded">): void {
    const { step, atMs, backend } = event;
    this.#modelFailure = null;
    this.#answered += 1;
    this.#steps = Math.max(this.#steps, step + 1);
    this.#plan(event);
    if (this.#askedMs === null) return;
    const ms = Math.max(0, atMs - this.#askedMs);
    this.#timed.push({ what: "model", step, ordinal: null, name: backend, atMs, ms });
  }

  #place({ step, ordinal }: Pick<Place, "step" | "ordinal">): Place {
    const tool = this.#planned.get(toKey({ step, ordinal }))?.tool;
    if (tool === undefined) throw new Error(`there is no call ${step}/${ordinal}`);
    return { step, ordinal, tool };
  }

  #defer(event: Event<"call.deferred">): void {
    const place = this.#place(event);
    this.#under.set(toKey(event), place);
    const { for: what, approval, atMs } = event;
    if (what !== "approval") return;
    // A call that is made again waits for the same approval.
    if (approval !== null && this.#asks.some((each) => each.approval === approval)) return;
    this.#asks.push({ ...place, approval, atMs, decidedMs: null, outcome: null });
  }

  #decide({ approval, outcome, atMs }: Event<"approval.decided">): void {
    const at = this.#asks.findIndex((each) => each.approval === approval);
    if (at >= 0) this.#asks[at] = { ...this.#asks[at]!, decidedMs: atMs, outcome };
  }

  #end(event: Event<"call.ended">): void {
    const { outcome, atMs, result, entry, ms, step, ordinal } = event;
    const key = toKey(event);
    const place = this.#place(event);
    this.#calls[outcome] += 1;
    this.#under.delete(key);
    // Somebody may say later what became of it.
    if (outcome === "unknown") this.#unknown.set(key, { ...place, entry });
    else this.#unknown.delete(key);
    if (outcome === "denied") this.#denials.push({ ...place, atMs, result });
    if (ms === undefined) return;
    this.#timed.push({ what: "call", step, ordinal, name: place.tool, atMs, ms });
  }

  toExecution(): Execution {
    const unknown = [...this.#unknown.values()];
    return {
      fromMs: this.#times[0] ?? null,
      untilMs: this.#times.at(-1) ?? null,
      steps: this.#steps,
      model: {
        asked: this.#asked,
        answered: this.#answered,
        failed: this.#failed,
        compactions: this.#compactions,
      },
      calls: this.#calls,
      children: this.#children,
      slowest: this.#timed
        .toSorted((one, other) => other.ms - one.ms || one.atMs - other.atMs)
        .slice(0, shownSlowest),
      denials: this.#denials,
      asks: this.#asks,
      unknown,
      open: [...this.#under.values()],
      failure: unknown.length > 0 ? toFailure("unknown") : this.#modelFailure,
    };
  }
}

/** Not what becomes of the run as a whole, nor what is counted at its end. */
function isWork({ type }: RunEvent): boolean {
  return !type.startsWith("run.") && type !== "context.measured" && type !== "letter.dropped";
}

function toKey({ step, ordinal }: Pick<Place, "step" | "ordinal">): string {
  return `${step}.${ordinal}`;
}
