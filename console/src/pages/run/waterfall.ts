import {
  isWait,
  listTraceRows,
  listWork,
  toLastMs,
  type TraceRow,
  type TraceSpan,
  type Work,
} from "../../../../src/client/trace-rows.ts";
import { coveredMs, createTimeScale, type TimeScale } from "../../../../src/lib/time-scale.ts";
import { toSpanKind, type SpanKind } from "./span-label.ts";

export interface WaterfallRow extends TraceRow {
  readonly kind: SpanKind;
  readonly fromMs: number;
  /** Of what has not ended: as far as is known. */
  readonly toMs: number;
  /** When something was done in it; null: never, or by those below it. */
  readonly work: Work | null;
}

/** The one to look at first, when a run was slow. */
export interface Slowest {
  readonly row: WaterfallRow;
  readonly ms: number;
  /** Of all time in which anything was done. */
  readonly share: number;
}

export interface Waterfall {
  readonly rows: readonly WaterfallRow[];
  readonly scale: TimeScale;
  readonly startMs: number;
  readonly lastMs: number;
  readonly slowest: Slowest | null;
  /** By who took it; what waited for two things at once waited once. */
  readonly sums: { readonly model: number; readonly tool: number; readonly wait: number };
}

const columns = 60;
/** A pause takes a third of this share at most, however many there are. */
const columnsPerPause = 3;

/** `nowMs`: where what has not ended goes on to; null: nothing follows. */
export function toWaterfall(spans: readonly TraceSpan[], nowMs: number | null): Waterfall {
  const [first] = spans;
  const startMs = first === undefined ? 0 : Date.parse(first.start);
  const isOpen = spans.some(({ end }) => end === null);
  const known = Math.max(startMs, toLastMs(spans));
  const lastMs = nowMs !== null && isOpen ? Math.max(known, nowMs) : known;
  const work = listWork(spans, lastMs);
  const workOf = new Map(work.map((each) => [each.span.id, each]));
  const rows = listTraceRows(spans).map((row): WaterfallRow => {
    const { id, start, end } = row.span;
    return {
      ...row,
      kind: toSpanKind(row.span),
      fromMs: Date.parse(start),
      toMs: end === null ? lastMs : Date.parse(end),
      work: workOf.get(id) ?? null,
    };
  });
  const edges = [startMs, lastMs].map((atMs) => ({ fromMs: atMs, toMs: atMs }));
  return {
    rows,
    scale: createScale([...work, ...edges]),
    startMs,
    lastMs,
    slowest: findSlowest(rows, coveredMs(work)),
    sums: {
      model: coveredMs(work.filter(({ span }) => toSpanKind(span) === "model")),
      tool: coveredMs(work.filter(({ span }) => toSpanKind(span) === "tool")),
      wait: coveredMs(rows.filter(({ span }) => isWait(span))),
    },
  };
}

function createScale(work: Parameters<typeof createTimeScale>[0]): TimeScale {
  const scale = createTimeScale(work, columns);
  const wanted = scale.idle.length * columnsPerPause;
  return wanted <= columns ? scale : createTimeScale(work, wanted);
}

function findSlowest(rows: readonly WaterfallRow[], coveredInAllMs: number): Slowest | null {
  let slowest: Slowest | null = null;
  for (const row of rows) {
    if (row.work === null) continue;
    const ms = row.work.toMs - row.work.fromMs;
    if (slowest !== null && ms <= slowest.ms) continue;
    slowest = { row, ms, share: coveredInAllMs === 0 ? 1 : ms / coveredInAllMs };
  }
  return slowest;
}

/** Those that are not below a folded one. */
export function listUnfolded(
  rows: readonly WaterfallRow[],
  folded: ReadonlySet<string>,
): readonly WaterfallRow[] {
  if (folded.size === 0) return rows;
  const shown: WaterfallRow[] = [];
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at]!;
    shown.push(row);
    if (folded.has(row.span.id)) at += row.below;
  }
  return shown;
}

/** In which they stand, the nearest last: these have to be open for it to be seen. */
export function listAbove(rows: readonly WaterfallRow[], id: string): readonly string[] {
  const at = rows.findIndex(({ span }) => span.id === id);
  if (at < 0) return [];
  const above: string[] = [];
  let depth = rows[at]!.depth;
  for (let before = at - 1; before >= 0 && depth > 0; before -= 1) {
    const row = rows[before]!;
    if (row.depth >= depth) continue;
    above.unshift(row.span.id);
    depth = row.depth;
  }
  return above;
}

export interface Extent {
  /** Shares of the whole width. */
  readonly left: number;
  readonly width: number;
}

export function toExtent(scale: TimeScale, fromMs: number, toMs: number): Extent {
  const whole = scale.pieces.at(-1)?.to ?? 0;
  if (whole === 0) return { left: 0, width: 1 };
  const left = scale.toColumn(fromMs) / whole;
  return { left, width: Math.max(0, scale.toColumn(toMs) / whole - left) };
}
