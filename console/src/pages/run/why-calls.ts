import type { RunEvent } from "../../../../src/model/run-event.ts";
import { asRunEvent, toPlace, type EventOf } from "./event-line.ts";
import type { ShownEvent } from "./run-source.ts";

/** One call of the model, with all that the log of its run says of it. */
export interface WhyCall {
  readonly step: number;
  readonly ordinal: number;
  readonly tool: string;
  readonly effect: EventOf<"model.responded">["calls"][number]["effect"];
  readonly args: string;
  /** The answer in which it was asked for: its arguments stand there. */
  readonly response: string;
  /** The backend that answered; null: it takes back what the run did. */
  readonly backend: string | null;
  readonly askedMs: number;
  /** The search for tools that brought it before the model; null: none did. */
  readonly foundIn: string | null;
  readonly waits: readonly CallWait[];
  readonly facts: readonly EventOf<"fact.read">[];
  readonly skill: EventOf<"skill.read"> | null;
  readonly started: EventOf<"call.started"> | null;
  readonly child: string | null;
  readonly ended: Ended | null;
}

export interface CallWait {
  readonly for: EventOf<"call.deferred">["for"];
  readonly approval: string | null;
  readonly atMs: number;
  readonly decided: Pick<EventOf<"approval.decided">, "outcome" | "atMs"> | null;
}

export interface Ended {
  readonly atMs: number;
  readonly outcome: string;
  readonly entry: string | null;
  readonly result: string;
  readonly contradicts: string | null;
  readonly changed: readonly string[];
}

type Writable = { -readonly [Key in keyof WhyCall]: WhyCall[Key] };

/** In the order in which they were asked for. */
export function listWhyCalls(events: readonly ShownEvent[]): readonly WhyCall[] {
  const calls = new Map<string, Writable>();
  const found = new Map<string, string>();
  for (const shown of events) {
    const event = asRunEvent(shown);
    if (event.type === "tools.found")
      for (const tool of event.tools) found.set(tool, toPlace(event));
    if (event.type === "model.responded" || event.type === "compensation.planned")
      for (const call of toPlanned(event, found)) calls.set(toPlace(call), call);
    if (event.type === "approval.decided") for (const call of calls.values()) decide(call, event);
    const call = "ordinal" in event ? calls.get(toPlace(event)) : undefined;
    if (call !== undefined) take(call, event);
  }
  return [...calls.values()];
}

function toPlanned(
  event: EventOf<"model.responded" | "compensation.planned">,
  found: ReadonlyMap<string, string>,
): readonly Writable[] {
  const { step, response, atMs, calls } = event;
  return calls.map(({ tool, args, effect }, ordinal) => ({
    step,
    ordinal,
    tool,
    effect,
    args,
    response,
    backend: "backend" in event ? event.backend : null,
    askedMs: atMs,
    foundIn: found.get(tool) ?? null,
    waits: [],
    facts: [],
    skill: null,
    started: null,
    child: null,
    ended: null,
  }));
}

function take(call: Writable, event: RunEvent): void {
  switch (event.type) {
    case "call.started":
      call.started = event;
      return;
    case "call.deferred": {
      const { for: what, approval, atMs } = event;
      if (approval !== null && call.waits.some((wait) => wait.approval === approval)) return;
      call.waits = [...call.waits, { for: what, approval, atMs, decided: null }];
      return;
    }
    case "fact.read":
      call.facts = [...call.facts, event];
      return;
    case "skill.read":
      call.skill = event;
      return;
    case "child.started":
      call.child = event.run;
      return;
    case "child.ended": {
      const { atMs, outcome, result } = event;
      call.ended = { atMs, outcome, entry: null, result, contradicts: null, changed: [] };
      return;
    }
    case "call.ended": {
      const { atMs, outcome, entry, result, contradicts = null, changed = [] } = event;
      call.ended = { atMs, outcome, entry, result, contradicts, changed };
      return;
    }
    default:
  }
}

function decide(call: Writable, { approval, outcome, atMs }: EventOf<"approval.decided">): void {
  call.waits = call.waits.map((wait) =>
    wait.approval === approval ? { ...wait, decided: { outcome, atMs } } : wait,
  );
}

/** The rule that denied a call, as the gate said it in the words of the result; null: it named none. */
export function readDenial(content: string): string | null {
  const raw = parse(content)?.["raw"];
  const meta = typeof raw === "string" ? parse(raw)?.["_meta"] : undefined;
  if (typeof meta !== "object" || meta === null) return null;
  const outcome = (meta as Record<string, unknown>)["dev.countersign/outcome"];
  if (typeof outcome !== "object" || outcome === null || !("rule" in outcome)) return null;
  return typeof outcome.rule === "string" ? outcome.rule : null;
}

/** Of an answer of the model: the arguments of one of its calls, as they were written. */
export function readArgs(content: string, ordinal: number): string | null {
  const calls = parse(content)?.["calls"];
  if (!Array.isArray(calls)) return null;
  const call = calls[ordinal] as { readonly args?: unknown } | undefined;
  return typeof call?.args === "string" ? call.args : null;
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
