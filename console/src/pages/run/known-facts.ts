import { asRunEvent } from "./event-line.ts";
import type { ShownEvent } from "./run-source.ts";

/** A thing that the run has read, and what may have become of it since. */
export interface KnownFact {
  readonly key: string;
  readonly step: number;
  readonly ordinal: number;
  readonly readMs: number;
  /** Up to the moment that is looked at. */
  readonly ageMs: number;
  /** A call of the run changed it, or may have, after it was read. */
  readonly isTouched: boolean;
  /** How it was when it was read again before an effect; null: it was not. */
  readonly again: "same" | "changed" | "gone" | null;
}

interface Read {
  readonly step: number;
  readonly ordinal: number;
  readonly readMs: number;
  readonly isTouched: boolean;
  readonly again: KnownFact["again"];
}

/** What the run knew of things when the model was asked: from its log, up to a sequence. */
export function listKnownFacts(
  events: readonly ShownEvent[],
  until: { readonly seq: number; readonly atMs: number },
): readonly KnownFact[] {
  const known = new Map<string, Read>();
  for (const shown of events) {
    if (shown.seq > until.seq) break;
    const event = asRunEvent(shown);
    if (event.type === "fact.read") {
      const { key, was, value, step, ordinal, atMs } = event;
      const again = value === null ? "gone" : value === was ? "same" : "changed";
      known.set(key, { step, ordinal, readMs: atMs, isTouched: false, again });
    }
    if (event.type !== "call.ended") continue;
    const { step, ordinal, atMs, facts = [], changed = [] } = event;
    for (const { key } of facts)
      known.set(key, { step, ordinal, readMs: atMs, isTouched: false, again: null });
    for (const key of changed) {
      const read = known.get(key);
      if (read !== undefined) known.set(key, { ...read, isTouched: true });
    }
  }
  return [...known]
    .map(([key, read]) => ({ key, ...read, ageMs: Math.max(0, until.atMs - read.readMs) }))
    .toSorted((one, other) => other.ageMs - one.ageMs);
}
