/** One line of two texts beside each other. */
export interface LineChange {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** Beyond that many pairs of lines, what lies between the first and the last difference is shown as replaced. */
const mostPairs = 4_000_000;

/** The fewest lines that turn one text into the other, in order. */
export function diffLines(before: string, after: string): readonly LineChange[] {
  const [old, next] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < old.length && start < next.length && old[start] === next[start]) start += 1;
  let end = 0;
  const most = Math.min(old.length, next.length) - start;
  while (end < most && old.at(-1 - end) === next.at(-1 - end)) end += 1;
  const inner = [old.slice(start, old.length - end), next.slice(start, next.length - end)] as const;
  return [
    ...toLines("same", old.slice(0, start)),
    ...diffInner(...inner),
    ...toLines("same", old.slice(old.length - end)),
  ];
}

function toLines(kind: LineChange["kind"], lines: readonly string[]): readonly LineChange[] {
  return lines.map((text) => ({ kind, text }));
}

function diffInner(old: readonly string[], next: readonly string[]): readonly LineChange[] {
  if (old.length * next.length > mostPairs || old.length === 0 || next.length === 0)
    return [...toLines("removed", old), ...toLines("added", next)];
  const lengths = toLengths(old, next);
  const width = next.length + 1;
  const changes: LineChange[] = [];
  let [at, other] = [0, 0];
  while (at < old.length && other < next.length) {
    if (old[at] === next[other]) {
      changes.push({ kind: "same", text: old[at]! });
      [at, other] = [at + 1, other + 1];
    } else if (lengths[(at + 1) * width + other]! >= lengths[at * width + other + 1]!) {
      changes.push({ kind: "removed", text: old[at]! });
      at += 1;
    } else {
      changes.push({ kind: "added", text: next[other]! });
      other += 1;
    }
  }
  return [...changes, ...toLines("removed", old.slice(at)), ...toLines("added", next.slice(other))];
}

/** Of each pair of places, how many lines the rests of both have in common, in order. */
function toLengths(old: readonly string[], next: readonly string[]): Uint32Array {
  const width = next.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  for (let at = old.length - 1; at >= 0; at -= 1) {
    for (let other = next.length - 1; other >= 0; other -= 1) {
      const place = at * width + other;
      lengths[place] =
        old[at] === next[other]
          ? lengths[place + width + 1]! + 1
          : Math.max(lengths[place + width]!, lengths[place + 1]!);
    }
  }
  return lengths;
}

export interface Hunk {
  readonly hidden: number;
  readonly lines: readonly LineChange[];
}

/** What differs, with a few lines around it; how many of the same were left out before. */
export function toHunks(changes: readonly LineChange[], around = 3): readonly Hunk[] {
  const isNear = changes.map((_, at) =>
    changes.slice(Math.max(0, at - around), at + around + 1).some(({ kind }) => kind !== "same"),
  );
  const hunks: { hidden: number; lines: LineChange[] }[] = [];
  let hidden = 0;
  for (const [at, change] of changes.entries()) {
    if (!isNear[at]) {
      hidden += 1;
      continue;
    }
    if (hidden > 0 || hunks.length === 0) hunks.push({ hidden, lines: [] });
    hidden = 0;
    hunks.at(-1)!.lines.push(change);
  }
  if (hidden > 0 && hunks.length > 0) hunks.push({ hidden, lines: [] });
  return hunks;
}
