import type { Freezes } from "../../../../src/client/client.ts";

export type Freeze = Freezes["freezes"][number];
export type FreezeKind = Freeze["kind"];

export interface FreezeKindWords {
  readonly kind: FreezeKind;
  readonly title: string;
  /** What its name is; null: it has none. */
  readonly names: string | null;
  readonly stops: string;
}

export const freezeKindWords: readonly FreezeKindWords[] = [
  {
    kind: "tool",
    title: "A tool",
    names: "server__tool",
    stops: "No call of it is sent, by whomever.",
  },
  {
    kind: "server",
    title: "A server",
    names: "its name",
    stops: "Nothing is sent to it.",
  },
  {
    kind: "agent",
    title: "An agent",
    names: "its name",
    stops: "Its runs call nothing, and no new one starts.",
  },
  {
    kind: "tenant",
    title: "The whole tenant",
    names: null,
    stops: "Nobody of this tenant calls anything.",
  },
  {
    kind: "all",
    title: "Everything",
    names: null,
    stops: "Nobody of any tenant calls anything, on any replica.",
  },
];

export function toFreezeTitle({ kind, name }: Pick<Freeze, "kind" | "name">): string {
  if (kind === "tenant") return "the whole tenant";
  return kind === "all" ? "everything" : `the ${kind} ${name}`;
}

export interface FreezeDraft {
  readonly kind: FreezeKind;
  readonly name: string;
  readonly reason: string;
}

export const longestReason = 1_000;
const longestName = 256;

/** Why a draft cannot be sent yet; null: it can. */
export function findFault({ kind, name, reason }: FreezeDraft): string | null {
  const words = freezeKindWords.find((each) => each.kind === kind)!;
  if (words.names !== null && name.trim() === "") return `Say which ${kind}: ${words.names}.`;
  if (name.trim().length > longestName) return `A name has at most ${longestName} characters.`;
  if (kind === "tool" && !name.includes("__")) return "A tool is named server__tool.";
  if (reason.trim() === "") return "Say why: callers and the record see it.";
  return reason.length > longestReason ? `A reason has at most ${longestReason} characters.` : null;
}

/** What the API takes. */
export function toFreezeBody({ kind, name, reason }: FreezeDraft): string {
  const has = freezeKindWords.find((each) => each.kind === kind)!.names !== null;
  return JSON.stringify({ kind, name: has ? name.trim() : "", reason: reason.trim() });
}

/** What holds now first; of each the latest first. */
export function sortFreezes(freezes: readonly Freeze[]): readonly Freeze[] {
  return [
    ...freezes.filter(({ lifted }) => lifted === null),
    ...freezes.filter(({ lifted }) => lifted !== null),
  ];
}
