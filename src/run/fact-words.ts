import type { Json } from "../lib/strict-json.ts";

/** Why an effect is not carried out. The model is told, and decides anew. */
export interface FactRefusal {
  readonly outcome: "changed" | "gone" | "missing" | "contradicted" | "unread" | "in_use";
  readonly words: string;
  /** It may be otherwise in a while. */
  readonly isPassing: boolean;
  /** Key of the fact that the arguments are not in line with. */
  readonly contradicts?: string;
}

const notDone = "Not done, and nothing was sent.";

/** Longer values are told apart by reading them. */
const maxShown = 200;

export function toShown(value: Json | undefined): string | null {
  if (value === undefined) return null;
  const text = JSON.stringify(value).toWellFormed();
  return text.length <= maxShown ? text : `${text.slice(0, maxShown).toWellFormed()}…`;
}

export interface MissingFact {
  readonly key: string;
  readonly readers: readonly string[];
}

export function toMissingWords(missing: readonly MissingFact[]): string {
  const lines = missing.map(({ key, readers }) => {
    const by =
      readers.length === 0 ? "no tool of yours reads it" : `read it with ${readers.join(" or ")}`;
    return `${key} was not read in this run: ${by}.`;
  });
  return `${notDone} The call rests on what has to be read first. ${lines.join(" ")}`;
}

export function toNamelessWords(template: string): string {
  return `${notDone} The call rests on ${template}, which points to an argument that is no text, number or truth value, or is too long.`;
}

export interface DifferingFact {
  readonly key: string;
  readonly pointer: string;
  readonly given: string | null;
  readonly known: string | null;
}

export function toDifferingWords(differing: readonly DifferingFact[]): string {
  const lines = differing.map(({ key, pointer, given, known }) => {
    const read = known === null ? "something else" : known;
    return `The argument ${pointer.slice("/args".length)} is ${given ?? "missing"}, and ${key} was read as ${read}.`;
  });
  return `${notDone} ${lines.join(" ")} Decide again.`;
}

export interface ChangedFact {
  readonly key: string;
  readonly was: string | null;
  /** Null: there is no such thing any more. */
  readonly now: string | null;
  readonly isGone: boolean;
}

export function toChangedWords(changed: readonly ChangedFact[]): string {
  const lines = changed.map(({ key, was, now, isGone }) => {
    const before = was === null ? "" : ` It was ${was}.`;
    return isGone
      ? `${key} is not there any more.${before}`
      : `${key} has changed.${before} It is ${now ?? "too long to be shown"} now.`;
  });
  return `${notDone} What the call rests on was read again. ${lines.join(" ")} Decide again.`;
}

export type UnheardFact = Pick<ChangedFact, "key" | "now">;

export function toUnheardWords(unheard: readonly UnheardFact[]): string {
  const lines = unheard.map(
    ({ key, now }) =>
      `${key} was read after the call was asked for: it is ${now ?? "too long to be shown"}.`,
  );
  return `${notDone} ${lines.join(" ")} Decide again.`;
}

export function toUnreadWords(tool: string, why: string): string {
  return `${notDone} What the call rests on could not be read again with ${tool}: ${why}`;
}

export function toInUseWords(keys: readonly string[]): string {
  return `${notDone} Another call is changing ${keys.join(" and ")}, which this one rests on. Try again later.`;
}

/** Where nobody knows whether it was carried out before. */
export function toDoubtWords(words: string): string {
  const why = words.slice(notDone.length).trim();
  return `Nobody knows whether this call was carried out: its answer was lost, and it is not sent again. ${why}`;
}
