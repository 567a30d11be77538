import type { Budget } from "../model/budget.ts";
import type { ApprovalId, Digest, EntryId, RunId } from "../model/index.ts";
import type { ContextPart, PlannedCall, RunEvent } from "../model/run-event.ts";
import type { RunQuality } from "../model/run-quality.ts";
import type { RunState } from "../model/run-states.ts";

type Event<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

/** What the events of a run add up to. Frozen; each event makes the next one. */
export interface RunView {
  readonly state: RunState;
  readonly created: Event<"run.created">;
  /** Its own; those of a tree are shared in the store. */
  readonly budget: Budget;
  readonly maxSteps: number;
  readonly deadlineMs: number | null;
  /** How often a model was asked, or compensations planned: the number of the next step. */
  readonly step: number;
  /** How often a model was asked: names what was held of a shared budget. */
  readonly asks: number;
  /** All that was ever said; what of it is shown is for the context to choose. */
  readonly context: readonly ContextPart[];
  readonly sources: Readonly<Record<string, SourceView>>;
  /** Null: nothing was summarised yet. */
  readonly compaction: Compaction | null;
  /** Of the snapshot that the last turn was asked with. */
  readonly snapshot: Digest | null;
  /** How far that snapshot says what is left out: of so many parts, and up to which of them. */
  readonly listed: { readonly parts: number; readonly compacted: number };
  readonly measured: Measured;
  /** By tool: which step was the next one when a call of it ended last. */
  readonly lastEnded: Readonly<Record<string, number>>;
  /** Tools that the model has looked for. */
  readonly found: readonly string[];
  readonly facts: Readonly<Record<string, FactView>>;
  /** A model is being asked; null: none. */
  readonly asked: {
    readonly step: number;
    readonly held: Budget["spent"];
    readonly isForSummary: boolean;
  } | null;
  /** Answers that did not come, one after the other. */
  readonly failures: number;
  readonly retryAtMs: number | null;
  /** The answer that is carried out; null before the first. */
  readonly turn: Turn | null;
  /** Calls of earlier turns that had an effect, or should have had. */
  readonly effects: readonly CallView[];
  /** Tools that failed lately, one after the other. */
  readonly tools: Readonly<Record<string, ToolTrouble>>;
  /** Of the last turns: what was asked for and what came of it. */
  readonly signatures: readonly string[];
  readonly children: Readonly<Record<RunId, Child>>;
  /** The last letter that was folded in. */
  readonly inbox: number;
  /** Null while it does not wait. */
  readonly waits: Pick<Event<"run.waited">, "for" | "untilMs"> | null;
  /** Leaf hash of the last entry that became durable with an event; null: none did yet. */
  readonly leaf: Digest | null;
  readonly reason: { readonly code: string; readonly detail: string } | null;
  readonly output: Digest | null;
  /** Of its last end; null: it has not ended, or could not be measured. */
  readonly quality: RunQuality | null;
}

export interface SourceView {
  readonly digest: Digest;
  readonly atMs: number;
  /** It was last seen to be this at that step. */
  readonly step: number;
  readonly isError: boolean;
}

export interface Compaction extends Pick<
  Event<"context.compacted">,
  "upTo" | "summary" | "ledger"
> {
  /** So many of the context's parts stand before the first that stays. */
  readonly parts: number;
}

/** Tokens are estimated: what a backend has counted says how far off that is. */
export interface Measured {
  /** Of the last turn that was asked. */
  readonly estimated: number;
  readonly factor: number;
}

/** What a thing was when it was last read, and by which call. */
export interface FactView extends Placed {
  readonly value: Digest;
  /** Where it was read last: of that call, or of the same one made again. */
  readonly result: Digest;
  readonly atMs: number;
  /** Something that may have changed it was done since. */
  readonly isTouched: boolean;
  /** The step in which this value was read first: its model had not heard of it as it asked for the calls of that step. */
  readonly newIn: number;
}

export interface Turn {
  readonly step: number;
  /** Null for a plan of compensations. */
  readonly stop: Event<"model.responded">["stop"] | null;
  readonly response: Digest;
  readonly calls: readonly CallView[];
  /** By whom effects are taken back, where that is what the turn is for. */
  readonly compensates: string | null;
  /** Which backend of models answered; absent where none did, and in views of before it was kept. */
  readonly backend?: string;
}

export interface CallView extends PlannedCall {
  readonly step: number;
  readonly ordinal: number;
  readonly state: CallProgress;
  /** Of its intent, once that is durable. */
  readonly entry: EntryId | null;
  /** Its tool said that it failed, and it is made anew: a part of its key, for that answer is kept. */
  readonly again: number;
  /** How often it was put off for a while: what is made again is made so often, and no more. */
  readonly putOff: number;
}

export type CallProgress =
  /** To be made: for the first time, or again after a wait or a crash. */
  | { readonly kind: "planned" }
  /** Its intent is durable; whether it was sent nobody knows until it ends. */
  | { readonly kind: "started" }
  | {
      readonly kind: "deferred";
      readonly for: Event<"call.deferred">["for"];
      readonly approval: ApprovalId | null;
      readonly name: string | null;
      readonly untilMs: number;
    }
  | { readonly kind: "child"; readonly run: RunId }
  | { readonly kind: "ended"; readonly outcome: CallEnd; readonly result: Digest };

export type CallEnd = Event<"call.ended">["outcome"];

export interface Child {
  readonly step: number;
  readonly ordinal: number;
  readonly state: "running" | "stopped" | "ended";
}

export interface ToolTrouble {
  readonly failures: number;
  /** Until then it is not called. */
  readonly outUntilMs: number;
}

export function isEnded({ state }: CallView): boolean {
  return state.kind === "ended";
}

export function isSameCall(one: Placed, other: Placed): boolean {
  return one.step === other.step && one.ordinal === other.ordinal;
}

/** As it is by now; undefined: there is no such call. */
export function findCall({ turn, effects }: RunView, place: Placed): CallView | undefined {
  const isIt = (each: CallView): boolean => isSameCall(each, place);
  return turn?.calls.find(isIt) ?? effects.find(isIt);
}

export interface Placed {
  readonly step: number;
  readonly ordinal: number;
}

/** Calls that are not done: of this turn, or of earlier ones that are made again. */
export function listUnfinished({ turn, effects }: RunView): readonly CallView[] {
  return [...effects, ...(turn?.calls ?? [])].filter((call) => !isEnded(call));
}

/** A run that is asked for by another, or asks for others, spends of a budget that all of them share. */
export function isShared({ created, turn, effects }: RunView): boolean {
  const isAgent = ({ effect }: CallView): boolean => effect === "agent";
  return created.parent !== null || (turn?.calls.some(isAgent) ?? false) || effects.some(isAgent);
}
