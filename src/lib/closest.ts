/** The candidate that was probably meant, or null when none is near enough to say so. */
export function closest(word: string, candidates: readonly string[]): string | null {
  const plain = fold(word);
  // A longer word may hold more slips; beyond a third of it, it is another word.
  let best: { candidate: string; distance: number } | null = null;
  for (const candidate of candidates) {
    const bound = Math.max(1, Math.floor(Math.max(plain.length, candidate.length) / 3));
    const distance = slipsBetween(plain, fold(candidate));
    if (distance <= bound && (best === null || distance < best.distance))
      best = { candidate, distance };
  }
  return best?.candidate ?? null;
}

/** The end of a sentence of refusal; empty where nothing is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const near = closest(word, candidates);
  return near === null ? "" : ` Did you mean ${near}?`;
}

/** `warning` for `warn`: a beginning of the other word is as near as a slip and a half. */
function slipsBetween(word: string, candidate: string): number {
  const slips = editDistance(word, candidate);
  const isBeginning = word.startsWith(candidate) || candidate.startsWith(word);
  return isBeginning && Math.min(word.length, candidate.length) >= 3 ? Math.min(slips, 1.5) : slips;
}

/** Other spellings of the same words (`drain_time`, `DrainTime`) are no distance at all. */
function fold(word: string): string {
  return word
    .slice(0, 64)
    .replace(/[-_\s]/g, "")
    .toLowerCase();
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
      );
      const swapped =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
