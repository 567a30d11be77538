import type { Digest } from "../model/index.ts";
import { isOwnEffect, type PlannedCall, type RunEvent } from "../model/run-event.ts";
import type { RunQuality } from "../model/run-quality.ts";
import { hasEffect } from "./effects.ts";
import type { Placed } from "./view.ts";
import { createUses } from "./uses.ts";
import { createWindow } from "./window-shares.ts";

type Event<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

export interface Measuring {
  /** In their order. */
  readonly events: readonly RunEvent[];
  /** Tokens of the window. */
  readonly window: number;
  /** Of what the events name, as far as it was read. */
  readonly texts: ReadonlyMap<Digest, string>;
  /** Whether the events are all there are. */
  readonly isWhole: boolean;
}

/** From the log and the texts that it names, and nothing else: the same log has the same figures. */
export function toQuality({ events, window, texts, isWhole }: Measuring): RunQuality {
  const uses = createUses(texts);
  const shares = createWindow(window);
  const ends = new Map(events.flatMap(toEnd));
  const calls = createCalls(ends);
  const facts = { read: 0, stale: 0, effects: 0, contradictions: 0 };
  const stale = new Set<string>();
  let compactions = 0;
  for (const event of events) {
    uses.take(event);
    calls.take(event);
    if (event.type === "model.asked") shares.take(event);
    if (event.type === "context.compacted") compactions += 1;
    if (event.type === "fact.read") {
      facts.read += 1;
      if (event.value === event.was) continue;
      facts.stale += 1;
      stale.add(toPlace(event));
    }
    if (event.type === "call.ended") {
      if (event.contradicts !== undefined) facts.contradictions += 1;
      if (event.outcome === "denied" && stale.delete(toPlace(event))) facts.effects += 1;
    }
  }
  const used = uses.count();
  return {
    ...calls.count(),
    ...used,
    factsRead: facts.read,
    staleFacts: facts.stale,
    staleEffects: facts.effects,
    contradictions: facts.contradictions,
    compactions,
    window: shares.mean(),
    isSampled: !isWhole || used.judged < used.results,
  };
}

interface End {
  readonly outcome: Event<"call.ended">["outcome"];
  readonly isMalformed: boolean;
}

/** Of a call that ended more than once, since it was made again: the last one. */
function toEnd(event: RunEvent): readonly (readonly [string, End])[] {
  if (event.type === "child.ended")
    return [[toPlace(event), { outcome: "answered", isMalformed: false }]];
  if (event.type !== "call.ended") return [];
  const { outcome, isMalformed = false } = event;
  return [[toPlace(event), { outcome, isMalformed }]];
}

const toPlace = ({ step, ordinal }: Placed): string => `${step}/${ordinal}`;

/** Which of the calls that a model asked for were sound, and which it had asked for before. */
function createCalls(ends: ReadonlyMap<string, End>) {
  const counts = { calls: 0, wellFormed: 0, repeated: 0 };
  /** Of each call, since which change it was answered. */
  const answered = new Map<string, number>();
  let changes = 0;

  function takeCall(call: PlannedCall, end: End | undefined): void {
    const key = `${call.tool}\n${call.args}`;
    counts.calls += 1;
    if (isSound(call, end)) counts.wellFormed += 1;
    if (answered.get(key) === changes) counts.repeated += 1;
    if (mayChange(call, end)) changes += 1;
    if (end !== undefined && answers.has(end.outcome)) answered.set(key, changes);
  }

  return {
    take(event: RunEvent): void {
      if (others.has(event.type)) changes += 1;
      if (event.type !== "model.responded") return;
      for (const [ordinal, call] of event.calls.entries())
        takeCall(call, ends.get(toPlace({ step: event.step, ordinal })));
    },
    count: () => counts,
  };
}

/** Somebody else does something: what was answered before may be another thing now. */
const others: ReadonlySet<RunEvent["type"]> = new Set([
  "compensation.planned",
  "signal.received",
  "run.resumed",
]);

/** What came back from a tool or from whoever decides; an upstream that is away has said nothing. */
const answers: ReadonlySet<End["outcome"]> = new Set(["answered", "tool_error", "denied"]);
const isNothing: ReadonlySet<End["outcome"]> = new Set(["denied", "unavailable"]);

/** Time is a change, too: whoever waits and looks again asks for something new. */
function mayChange(call: PlannedCall, end: End | undefined): boolean {
  if (call.effect === "wait") return true;
  return hasEffect(call) && !(end !== undefined && (end.isMalformed || isNothing.has(end.outcome)));
}

/** A call of the run's own fails for nothing but its arguments. */
function isSound({ effect }: PlannedCall, end: End | undefined): boolean {
  if (effect === "refused" || end?.isMalformed === true) return false;
  return !(isOwnEffect(effect) && end?.outcome === "tool_error");
}
