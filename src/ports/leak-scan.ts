/**
 * Where known secret values turn up in text. Made for one revision, of every value that it resolved;
 * it catches accidents, not somebody who spells a value anew.
 */
export interface LeakScan {
  /** No value is known: nothing has to be looked at. */
  readonly isEmpty: boolean;
  /** In the order of the text; a hundred at most. */
  find(text: string): readonly FoundSecret[];
  /** The same text with `[redacted]` in their places. What was JSON stays JSON. */
  redact(text: string): string;
}

export interface FoundSecret {
  /** The reference or the credential that the value is of, never the value. */
  readonly name: string;
  /** As what it was found: plain, base64, hex… */
  readonly spelling: string;
}

/** Knows nothing and does nothing. */
export const emptyLeakScan: LeakScan = Object.freeze({
  isEmpty: true,
  find: () => [],
  redact: (text: string) => text,
});
