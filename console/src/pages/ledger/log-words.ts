import type { LedgerState } from "../../../../src/client/client.ts";
import type { Tone } from "../../ui/badge.tsx";

export const stateWords = {
  empty: { tone: "neutral", word: "empty", means: "Nothing was recorded yet." },
  sound: { tone: "ok", word: "sound", means: "It goes on from what was kept, and is signed." },
  behind: {
    tone: "warn",
    word: "behind",
    means: "Entries are durable and wait to be signed.",
  },
  forked: {
    tone: "danger",
    word: "forked",
    means:
      "It is not what was signed before: nothing is taken in or signed. Find out who changed the database, or reopen it after a restore (docs/ledger.md).",
  },
} as const satisfies Record<
  LedgerState["state"],
  { readonly tone: Tone; readonly word: string; readonly means: string }
>;

/** The third line of a note: the root that is signed. */
export function toRoot(checkpoint: string | null): string | null {
  return checkpoint?.split("\n")[2] ?? null;
}
