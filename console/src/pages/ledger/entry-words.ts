import type { Tone } from "../../ui/badge.tsx";

export const entryKinds = [
  "intent",
  "outcome",
  "verdict",
  "resolution",
  "completion",
  "gap",
] as const;
export type EntryKind = (typeof entryKinds)[number];

interface Words {
  readonly title: string;
  readonly tone: Tone;
  /** What such an entry is, for somebody who meets it for the first time. */
  readonly means: string;
  /** Whether a call, and so a receipt, stands behind it. */
  readonly leads: boolean;
}

const words: Readonly<Record<EntryKind, Words>> = {
  intent: {
    title: "Intent",
    tone: "info",
    means: "What was about to be done, written down before it was sent.",
    leads: true,
  },
  outcome: {
    title: "Outcome",
    tone: "neutral",
    means: "How a call ended.",
    leads: true,
  },
  verdict: {
    title: "Verdict",
    tone: "accent",
    means: "What a person said on one intent.",
    leads: true,
  },
  resolution: {
    title: "Resolution",
    tone: "accent",
    means: "What was found out later about a call in doubt.",
    leads: true,
  },
  completion: {
    title: "Completion",
    tone: "neutral",
    means: "An answer of a model that was asked for outside of runs.",
    leads: false,
  },
  gap: {
    title: "Gap",
    tone: "danger",
    means: "Reads of this time may have no entry: a replica died, or a log was reopened.",
    leads: false,
  },
};

const unknownKind: Words = {
  title: "Unknown kind",
  tone: "warn",
  means: "This page is older than the server and does not know such entries.",
  leads: true,
};

export function toKindWords(kind: string): Words {
  return entryKinds.includes(kind as EntryKind) ? words[kind as EntryKind] : unknownKind;
}

const tones: Readonly<Record<string, Tone>> = {
  answered: "ok",
  approved: "ok",
  done: "ok",
  tool_error: "warn",
  expired: "warn",
  cut: "warn",
  retry: "warn",
  not_done: "neutral",
  denied: "danger",
  fault: "danger",
  failed: "danger",
  unknown: "danger",
};

/** What is not known to be good is not shown as if it were. */
export function toOutcomeTone(outcome: string): Tone {
  return Object.hasOwn(tones, outcome) ? tones[outcome]! : "warn";
}

export function toOutcomeWord(outcome: string): string {
  return outcome === "unknown" ? "nobody knows" : outcome.replaceAll("_", " ");
}
