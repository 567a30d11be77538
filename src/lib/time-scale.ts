export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A stretch of time, and the columns that it takes. */
export interface ScalePiece extends Interval {
  /** Nothing was done in it: it takes one column, however long it was. */
  readonly isIdle: boolean;
  readonly from: number;
  readonly to: number;
}

/** Columns of a bar over time, where times in which nothing was done take one column each. */
export interface TimeScale {
  readonly width: number;
  /** Without a gap between them, in order. */
  readonly pieces: readonly ScalePiece[];
  /** Columns that stand for time without work. */
  readonly idle: readonly number[];
  toColumn(atMs: number): number;
}

/** A pause is left out once it is this long, and as long as a quarter of all work. */
const leastIdleMs = 1_000;

type Piece = Omit<ScalePiece, "from" | "to">;

export function createTimeScale(work: readonly Interval[], columns: number): TimeScale {
  const pieces = toPieces(merge(work));
  const idleCount = pieces.filter(({ isIdle }) => isIdle).length;
  const shownMs = lengthOf(pieces.filter(({ isIdle }) => !isIdle));
  const perMs = shownMs === 0 ? 0 : Math.max(1, columns - idleCount) / shownMs;
  let at = 0;
  const placed = pieces.map((piece): ScalePiece => {
    const from = at;
    at += piece.isIdle ? 1 : (piece.toMs - piece.fromMs) * perMs;
    return { ...piece, from, to: at };
  });
  const width = Math.max(1, Math.ceil(at - 1e-9));
  return {
    width,
    pieces: placed,
    idle: placed.flatMap(({ isIdle, from }) => (isIdle ? Math.floor(from + 1e-9) : [])),
    toColumn(atMs) {
      const found = placed[findPiece(placed, atMs)];
      if (found === undefined) return at;
      const { fromMs, toMs, from, to } = found;
      if (toMs === fromMs) return from;
      return from + ((Math.max(atMs, fromMs) - fromMs) / (toMs - fromMs)) * (to - from);
    },
  };
}

/** The first that has not ended before; their ends are in order. */
function findPiece(pieces: readonly Interval[], atMs: number): number {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (atMs <= pieces[middle]!.toMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How long any of them lasted: what ran beside something else counts once. */
export function coveredMs(intervals: readonly Interval[]): number {
  return lengthOf(merge(intervals));
}

function merge(intervals: readonly Interval[]): readonly Interval[] {
  const merged: Interval[] = [];
  for (const each of intervals.toSorted((one, other) => one.fromMs - other.fromMs)) {
    const last = merged.at(-1);
    if (last === undefined || each.fromMs > last.toMs) merged.push(each);
    else merged[merged.length - 1] = { ...last, toMs: Math.max(last.toMs, each.toMs) };
  }
  return merged;
}

function toPieces(work: readonly Interval[]): readonly Piece[] {
  const idleMs = Math.max(leastIdleMs, lengthOf(work) / 4);
  return work.flatMap((each, at): readonly Piece[] => {
    const before = work[at - 1];
    const piece = { ...each, isIdle: false };
    if (before === undefined) return [piece];
    const pause = { fromMs: before.toMs, toMs: each.fromMs };
    return [{ ...pause, isIdle: pause.toMs - pause.fromMs >= idleMs }, piece];
  });
}

function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}
