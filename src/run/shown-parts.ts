import type { ContextPart, ContextSnapshot } from "../model/run-event.ts";
import type { Digest } from "../model/index.ts";
import type { RunView } from "./view.ts";

/** What of a run's log a model is shown, in its order; `summary` and `ledger` stand for what is left out. */
export type ShownPart =
  | ContextPart
  | {
      readonly kind: "summary" | "ledger";
      readonly digest: Digest;
      readonly step: number;
      readonly ordinal: 0;
    };

export interface Shown {
  readonly parts: readonly ShownPart[];
  /** Parts of the log that are not shown, and why. */
  readonly dropped: ContextSnapshot["dropped"];
}

type Asked = Pick<RunView, "context" | "compaction" | "sources" | "listed">;
type Why = ContextSnapshot["dropped"][number]["why"];

/**
 * From the log alone: the input, what people said, and of each source its last version are always shown.
 * Answers and results from before a compaction are not, since its summary and its ledger are. What the
 * snapshot before this one has listed as left out is not listed once more.
 */
export function toShown(view: Asked): Shown {
  const { context, compaction } = view;
  const later = findLaterVersions(context);
  const border = compaction?.parts ?? 0;
  const before: ContextPart[] = [];
  const after: ContextPart[] = [];
  const dropped: ContextSnapshot["dropped"][number][] = [];
  for (const [index, part] of context.entries()) {
    const next = later.get(index) ?? null;
    const why = toWhy(view, { part, index, next });
    if (why === null) (index < border ? before : after).push(part);
    else if (isNews(view, why, next ?? index)) dropped.push({ ...toPlaced(part), why });
  }
  if (compaction === null) return { parts: placeSources(after), dropped };
  const at = { step: compaction.upTo, ordinal: 0 } as const;
  const stand: readonly ShownPart[] = [
    { kind: "summary", digest: compaction.summary, ...at },
    { kind: "ledger", digest: compaction.ledger, ...at },
  ];
  return { parts: [...placeSources(before), ...stand, ...placeSources(after)], dropped };
}

const isSource = ({ kind }: ContextPart): boolean => kind === "source";
const isSaid = (part: ContextPart): boolean => !isSource(part);

/**
 * Sources stand before the turn that was the last when they were read, at first before all else: a model
 * reads them, and then what was said last. So most of what it was shown before stands as it stood.
 */
function placeSources(given: readonly ContextPart[]): readonly ContextPart[] {
  const parts = [...orderParts(given.filter(isSaid))];
  for (const source of given.filter(isSource)) {
    const turn = parts.findIndex(
      ({ kind, step }) => kind === "response" && step === source.step - 1,
    );
    const first = parts.findIndex(isSaid);
    parts.splice(Math.max(turn === -1 ? first : turn, 0), 0, source);
  }
  return parts;
}

interface Found {
  readonly part: ContextPart;
  readonly index: number;
  /** Where the next version of the same source stands. */
  readonly next: number | null;
}

function toWhy({ compaction, sources }: Asked, { part, index, next }: Found): Why | null {
  if (part.kind === "source") {
    const isLast = next === null && sources[part.name ?? ""]?.digest === part.digest;
    return isLast ? null : "superseded";
  }
  return isSummarised(part) && index < (compaction?.parts ?? 0) ? "compacted" : null;
}

/** What people said is never left out. */
export function isSummarised({ kind }: Pick<ShownPart, "kind">): boolean {
  return kind === "response" || kind === "result" || kind === "late";
}

/** `at`: where it stands, or where that stands which took its place. */
function isNews({ listed }: Asked, why: Why, at: number): boolean {
  return at >= (why === "compacted" ? listed.compacted : listed.parts);
}

function findLaterVersions(context: readonly ContextPart[]): ReadonlyMap<number, number> {
  const later = new Map<number, number>();
  const last = new Map<string, number>();
  for (const [index, { kind, name = "" }] of context.entries()) {
    if (kind !== "source") continue;
    const before = last.get(name);
    if (before !== undefined) later.set(before, index);
    last.set(name, index);
  }
  return later;
}

function toPlaced({ kind, step, ordinal, name }: ContextPart) {
  return { kind, step, ordinal, ...(name === undefined ? {} : { name }) };
}

/** The order in which a model is shown them: results stand behind the answer that asked for them. */
export function orderParts(parts: readonly ContextPart[]): readonly ContextPart[] {
  const ordered = parts.filter(({ kind }) => kind !== "result");
  const results = Map.groupBy(
    parts.filter(({ kind }) => kind === "result"),
    ({ step }) => step,
  );
  return ordered.flatMap((part) =>
    part.kind === "response"
      ? [part, ...(results.get(part.step) ?? []).toSorted((a, b) => a.ordinal - b.ordinal)]
      : [part],
  );
}
