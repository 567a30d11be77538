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

/** Ours, sealed and opened under a key: what is read is what was written. */
export const asSaid = (value: Json): Said => value as Said;
export const asAnswered = (value: Json): Answered => value as unknown as Answered;
export const asSource = (value: Json): SourceText => value as SourceText;
export const asResult = (value: Json): Result => value as Result;
