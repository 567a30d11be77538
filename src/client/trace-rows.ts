import type { Interval } from "../lib/time-scale.ts";
import type { RunTrace } from "./client.ts";

export type TraceSpan = RunTrace["spans"][number];

export interface TraceRow {
  readonly span: TraceSpan;
  readonly depth: number;
  /** How many rows below it belong to it. */
  readonly below: number;
}

/** Spans below each other as they called each other, each where it began. */
export function listTraceRows(spans: readonly TraceSpan[]): readonly TraceRow[] {
  const known = new Set(spans.map(({ id }) => id));
  const children = new Map<string | null, TraceSpan[]>();
  for (const span of spans) {
    const parent = span.parent !== null && known.has(span.parent) ? span.parent : null;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  const rows: { readonly span: TraceSpan; readonly depth: number; below: number }[] = [];
  const listed = new Set<string>();
  const left = toNext(children.get(null), 0);
  const open: number[] = [];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { span, depth } = next;
    // A file may name one of them twice, or below itself: it is listed once.
    if (listed.has(span.id)) continue;
    listed.add(span.id);
    close(rows, open, depth);
    open.push(rows.push({ ...next, below: 0 }) - 1);
    for (const below of toNext(children.get(span.id), depth + 1)) left.push(below);
  }
  close(rows, open, 0);
  return rows;
}

type Next = Pick<TraceRow, "span" | "depth">;

/** The first of them last, to be taken first. */
function toNext(spans: readonly TraceSpan[] = [], depth: number): Next[] {
  return spans.map((span) => ({ span, depth })).toReversed();
}

/** Those that end where a row of this depth begins. */
function close(rows: { depth: number; below: number }[], open: number[], depth: number): void {
  for (let at = open.at(-1); at !== undefined && rows[at]!.depth >= depth; at = open.at(-1)) {
    rows[at]!.below = rows.length - at - 1;
    open.pop();
  }
}

export function isWait({ attributes }: TraceSpan): boolean {
  return "countersign.wait" in attributes;
}

export interface Work extends Interval {
  readonly span: TraceSpan;
}

/** When somebody worked: a model or a tool, and a call that had waited only at its end. */
export function listWork(spans: readonly TraceSpan[], lastMs: number): readonly Work[] {
  const waits = new Set(spans.filter(isWait).map(({ parent }) => parent));
  return spans.flatMap((span): readonly Work[] => {
    const { id, start, end, attributes } = span;
    const kind = attributes["openinference.span.kind"];
    const effect = attributes["countersign.effect"];
    const toMs = end === null ? lastMs : Date.parse(end);
    if (kind !== "LLM" && kind !== "TOOL") return [];
    // What a sub-agent does has spans of its own, and who waits does nothing.
    if (effect === "agent" || effect === "wait") return [];
    if (!waits.has(id)) return [{ span, fromMs: Date.parse(start), toMs }];
    const activeMs = attributes["countersign.active_ms"];
    return typeof activeMs === "number" ? [{ span, fromMs: toMs - activeMs, toMs }] : [];
  });
}

/** When the last thing that is known of happened. */
export function toLastMs(spans: readonly TraceSpan[]): number {
  return spans.reduce(
    (last, { start, end }) => Math.max(last, Date.parse(end ?? start)),
    Number.NEGATIVE_INFINITY,
  );
}
