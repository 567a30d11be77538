import { asRunEvent, toPlace, type EventOf } from "./event-line.ts";
import type { ShownEvent } from "./run-source.ts";
import { awaitedWords, toToolName } from "./span-label.ts";

interface At {
  /** Of the event that it is from. */
  readonly seq: number;
  readonly atMs: number;
}

/** Text of a person's or of a program's, by its digest. */
export interface SaidTurn extends At {
  readonly kind: "said";
  readonly who: string;
  readonly step: number | null;
  readonly digest: string;
  /** Whether it comes from outside: it tells something, and is nothing that the agent is told to do. */
  readonly isOutside: boolean;
}

export interface ModelTurn extends At {
  readonly kind: "model";
  readonly step: number;
  readonly backend: string;
  readonly stop: string;
  readonly digest: string;
  readonly tools: readonly string[];
  /** From when it was asked to its answer. */
  readonly ms: number | null;
  readonly tokens: { readonly output: number | null; readonly reasoning: number | null };
  readonly micros: number;
}

export interface ResultTurn extends At {
  readonly kind: "result";
  readonly step: number;
  readonly ordinal: number;
  readonly tool: string;
  readonly outcome: string;
  readonly digest: string;
  readonly ms: number | null;
  readonly bytes: number | null;
  /** Of the ledger: what proves it. */
  readonly entry: string | null;
  /** Of the sub-agent that answered. */
  readonly run: string | null;
}

/** What happened in between: a wait, a decision, an end. */
export interface NoteTurn extends At {
  readonly kind: "note";
  readonly step: number | null;
  readonly text: string;
  readonly isBad: boolean;
  readonly approval: string | null;
}

export interface InstructionsTurn extends At {
  readonly kind: "instructions";
  readonly bundle: string;
}

export type Turn = InstructionsTurn | SaidTurn | ModelTurn | ResultTurn | NoteTurn;

interface Book {
  readonly turns: Turn[];
  readonly tools: Map<string, string>;
  askedMs: number | null;
}

/** Who said what, in the order in which it was said; made from the log alone. */
export function toConversation(events: readonly ShownEvent[]): readonly Turn[] {
  const book: Book = { turns: [], tools: new Map(), askedMs: null };
  for (const shown of events) take(book, shown);
  return book.turns;
}

function take(book: Book, shown: ShownEvent): void {
  const event = asRunEvent(shown);
  const at = { seq: shown.seq, atMs: event.atMs };
  const { turns } = book;
  switch (event.type) {
    case "run.created": {
      const { bundle, input, parent, principal } = event;
      turns.push({ ...at, kind: "instructions", bundle });
      const who = parent === null ? principal.subject : "the agent that called it";
      turns.push({ ...at, kind: "said", who, step: null, digest: input, isOutside: false });
      return;
    }
    case "source.read": {
      const { source, digest, step } = event;
      turns.push({ ...at, kind: "said", who: `source ${source}`, step, digest, isOutside: true });
      return;
    }
    case "signal.received": {
      const { name, payload } = event;
      const who = `signal ${name}`;
      turns.push({ ...at, kind: "said", who, step: null, digest: payload, isOutside: true });
      return;
    }
    case "model.asked":
      book.askedMs = event.atMs;
      return;
    case "model.responded":
      return answer(book, at, event);
    case "compensation.planned":
      learnTools(book, event);
      return note(book, at, {
        step: event.step,
        text: `${event.by} had it take back ${event.calls.length} effects`,
      });
    case "call.ended":
      return end(book, at, event);
    case "child.ended":
      return endChild(book, at, event);
    case "run.completed":
    case "run.partly_completed":
      return note(book, at, {
        text:
          event.type === "run.completed"
            ? "The run is completed."
            : "The run is partly completed: some of its effects are open.",
        isBad: event.type !== "run.completed",
      });
    default:
      return notice(book, shown);
  }
}

function learnTools(
  { tools }: Book,
  { step, calls }: Pick<EventOf<"model.responded">, "step" | "calls">,
) {
  for (const [ordinal, { tool }] of calls.entries())
    tools.set(toPlace({ step, ordinal }), toToolName(tool));
}

function answer(book: Book, at: At, event: EventOf<"model.responded">): void {
  const { step, backend, stop, response, calls, usage, cost } = event;
  learnTools(book, event);
  book.turns.push({
    ...at,
    kind: "model",
    step,
    backend,
    stop,
    digest: response,
    tools: calls.map(({ tool }) => toToolName(tool)),
    ms: book.askedMs === null ? null : at.atMs - book.askedMs,
    tokens: { output: usage.output, reasoning: usage.reasoning },
    micros: cost.micros,
  });
  book.askedMs = null;
}

function end({ turns, tools }: Book, at: At, event: EventOf<"call.ended">): void {
  const { step, ordinal, outcome, result, ms = null, bytes = null, entry } = event;
  const tool = tools.get(toPlace(event)) ?? "a call";
  const rest = { digest: result, ms, bytes, entry, run: null };
  turns.push({ ...at, kind: "result", step, ordinal, tool, outcome, ...rest });
}

function endChild({ turns, tools }: Book, at: At, event: EventOf<"child.ended">): void {
  const { step, ordinal, outcome, result, run } = event;
  const tool = tools.get(toPlace(event)) ?? "a sub-agent";
  const rest = { digest: result, ms: null, bytes: null, entry: null, run };
  turns.push({ ...at, kind: "result", step, ordinal, tool, outcome, ...rest });
}

interface Noting {
  readonly text: string;
  readonly step?: number;
  readonly isBad?: boolean;
  readonly approval?: string | null;
}

function note({ turns }: Book, at: At, noting: Noting): void {
  const { text, step = null, isBad = false, approval = null } = noting;
  turns.push({ ...at, kind: "note", step, text, isBad, approval });
}

/** What is no text of anybody's, and stands between those. */
function notice(book: Book, shown: ShownEvent): void {
  const event = asRunEvent(shown);
  const at = { seq: shown.seq, atMs: event.atMs };
  const call = (place: { readonly step: number; readonly ordinal: number }): string =>
    book.tools.get(toPlace(place)) ?? "a call";
  switch (event.type) {
    case "model.failed":
      return note(book, at, {
        step: event.step,
        text: `The model failed: ${event.code}`,
        isBad: true,
      });
    case "call.deferred": {
      const { step, approval } = event;
      const text = `${call(event)} waits for ${awaitedWords[event.for] ?? event.for}`;
      return note(book, at, { step, text, approval });
    }
    case "approval.decided": {
      const { approval, outcome } = event;
      return note(book, at, {
        text: `The approval was ${outcome}`,
        isBad: outcome !== "approved",
        approval,
      });
    }
    case "skill.read":
      return note(book, at, {
        step: event.step,
        text: `Read ${event.path} of the skill ${event.skill}`,
      });
    case "tools.found":
      return note(book, at, {
        step: event.step,
        text: `Found the tools ${event.tools.join(", ") || "that there are none"}`,
      });
    case "child.started":
      return note(book, at, { step: event.step, text: `${call(event)} began run ${event.run}` });
    case "context.compacted":
      return note(book, at, {
        step: event.step,
        text: `All before step ${event.upTo} was summarised: ${event.tokens.before} tokens became ${event.tokens.after}`,
      });
    case "run.paused":
      return note(book, at, { text: `Paused by ${event.by}` });
    case "run.resumed":
      return note(book, at, { text: `Resumed by ${event.by}` });
    case "run.cancelled":
      return note(book, at, { text: `Cancelled by ${event.by}`, isBad: true });
    case "run.stopped":
      return note(book, at, { text: `Stopped, ${event.reason}: ${event.detail}`, isBad: true });
    case "run.parked":
      return note(book, at, { text: `Parked: ${event.reason}`, isBad: true });
    case "run.failed":
      return note(book, at, { text: `Failed, ${event.code}: ${event.detail}`, isBad: true });
    default:
  }
}
