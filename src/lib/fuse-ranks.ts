/** Of reciprocal-rank fusion: how much less the first of a list counts than all that follow it. */
const usualK = 60;

export interface Fused<Key> {
  readonly key: Key;
  /** The higher the better; comparable within one answer alone. */
  readonly score: number;
  /** Its place in each list, from 1; null: it is not in there. */
  readonly ranks: readonly (number | null)[];
}

/**
 * Reciprocal-rank fusion: what several lists have near their top comes first, whatever their scores are
 * measured in. Of equals, the one whose key is smaller.
 */
export function fuseRanks<Key extends string>(
  lists: readonly (readonly Key[])[],
  k: number = usualK,
): readonly Fused<Key>[] {
  const ranks = new Map<Key, (number | null)[]>();
  for (const [at, list] of lists.entries()) {
    let rank = 0;
    for (const key of list) {
      const known = ranks.get(key) ?? lists.map(() => null);
      ranks.set(key, known);
      // One that stands twice in a list has the better of its places.
      if (known[at] === null) known[at] = rank += 1;
    }
  }
  const toScore = (places: readonly (number | null)[]): number =>
    places.reduce<number>((sum, place) => (place === null ? sum : sum + 1 / (k + place)), 0);
  return [...ranks]
    .map(([key, places]) => ({ key, score: toScore(places), ranks: places }))
    .toSorted((one, other) => other.score - one.score || (one.key < other.key ? -1 : 1));
}
