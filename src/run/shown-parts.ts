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

type Asked = Pick<RunView, "context" | "compaction" | "sources">;

/**
 * From the log alone: the input, what people said, and of each source its last version are always shown.
 * Answers and results from before a compaction are not, since its summary and its ledger are.
 */
export function toShown({ context, compaction, sources }: Asked): Shown {
  const upTo = compaction?.upTo ?? 0;
  const dropped: ContextSnapshot["dropped"][number][] = [];
  const kept: ContextPart[] = [];
  for (const part of context) {
    const why = toWhy(part, upTo, sources);
    if (why === null) kept.push(part);
    else dropped.push({ ...toPlaced(part), why });
  }
  const ordered = withSources(orderParts(kept.filter(isSaid)), kept.filter(isSource));
  if (compaction === null) return { parts: ordered, dropped };
  const at = { step: upTo, ordinal: 0 } as const;
  const stand: ShownPart[] = [
    { kind: "summary", digest: compaction.summary, ...at },
    { kind: "ledger", digest: compaction.ledger, ...at },
  ];
  const before = ordered.filter(({ step }) => step < upTo);
  const after = ordered.filter(({ step }) => step >= upTo);
  return { parts: [...before, ...stand, ...after], dropped };
}

const isSource = ({ kind }: ContextPart): boolean => kind === "source";
const isSaid = (part: ContextPart): boolean => !isSource(part);

/**
 * Sources stand before the turn that was the last when they were read, at first before all else: a model
 * reads them, and then what was said last. So most of what it was shown before stands as it stood.
 */
function withSources(
  said: readonly ContextPart[],
  sources: readonly ContextPart[],
): readonly ContextPart[] {
  const parts = [...said];
  for (const source of sources) {
    const turn = parts.findIndex(
      ({ kind, step }) => kind === "response" && step === source.step - 1,
    );
    const first = parts.findIndex(isSaid);
    parts.splice(Math.max(turn === -1 ? first : turn, 0), 0, source);
  }
  return parts;
}

function toWhy({ kind, step, name, digest }: ContextPart, upTo: number, sources: Asked["sources"]) {
  if (kind === "source") return sources[name ?? ""]?.digest === digest ? null : "superseded";
  if (kind === "input" || kind === "signal") return null;
  return step < upTo ? "compacted" : null;
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
