import type { Json } from "../lib/strict-json.ts";

/** What somebody said: the input, or the payload of a signal, which has a name. */
export interface Said {
  readonly [name: string]: Json;
  readonly name: string | null;
  readonly text: string;
}

/** What a model answered. */
export interface Answered {
  readonly [name: string]: Json;
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly args: string }[];
}

/** What became of a call. */
export interface Result {
  readonly [name: string]: Json;
  /** For the model. */
  readonly text: string;
  readonly isError: boolean;
  /** As the gate handed it over; null where it is too long to be kept, or there is none. */
  readonly raw: string | null;
}

/** What a source of the context said; a profile, a document, a tool's answer. */
export interface SourceText {
  readonly [name: string]: Json;
  readonly name: string;
  readonly owner: string | null;
  readonly text: string;
  readonly isError: boolean;
}

/** A call as the run's own ledger tells of it: from its log, and from nothing that a tool has said. */
export interface LedgerCall {
  readonly [name: string]: Json;
  readonly step: number;
  readonly ordinal: number;
  readonly tool: string;
  readonly hasEffect: boolean;
  /** Canonical JSON, cut where it is too long. */
  readonly args: string;
  /** Of the arguments as the model wrote them. */
  readonly argsDigest: string;
  readonly isCut: boolean;
  /** An outcome, or how far it has come. */
  readonly state: string;
  /** The approval, signal or run that it waits for. */
  readonly on: string | null;
  /** What would take its effect back. */
  readonly compensation: string | null;
}

/** Calls that are only counted any more. */
export interface LedgerCount {
  readonly [name: string]: Json;
  readonly tool: string;
  readonly times: number;
  readonly failed: number;
}

export interface LedgerFact {
  readonly [name: string]: Json;
  readonly key: string;
  readonly step: number;
  readonly ordinal: number;
  readonly isTouched: boolean;
}

/** What a run has done and what is open: it stands where the conversation was summarised. */
export interface LedgerParts {
  readonly v: 1;
  /** All calls before this step. */
  readonly upTo: number;
  readonly done: readonly LedgerCall[];
  readonly earlier: readonly LedgerCount[];
  readonly pending: readonly LedgerCall[];
  readonly unknown: readonly LedgerCall[];
  readonly facts: readonly LedgerFact[];
}

export interface Ledger extends LedgerParts {
  readonly [name: string]: Json;
  /** The same for the model. */
  readonly text: string;
}

/** Ours, sealed and opened under a key: what is read is what was written. */
export const asSaid = (value: Json): Said => value as Said;
export const asAnswered = (value: Json): Answered => value as unknown as Answered;
export const asSource = (value: Json): SourceText => value as SourceText;
export const asResult = (value: Json): Result => value as Result;
export const asLedger = (value: Json): Ledger => value as Ledger;
