/** Values at most as large as the bound, counted from the first. */
export interface Bucket {
  readonly bound: number;
  readonly count: number;
}

/**
 * Within its bucket values are taken to lie evenly, as Prometheus takes them. What is above the last
 * finite bound is said to be that bound. Null: there were no values.
 */
export function estimateQuantile(buckets: readonly Bucket[], share: number): number | null {
  const total = buckets.at(-1)?.count ?? 0;
  if (total <= 0) return null;
  const rank = share * total;
  const at = buckets.findIndex(({ count }) => count >= rank);
  const { bound, count } = buckets[at]!;
  const before = buckets[at - 1] ?? { bound: 0, count: 0 };
  if (!Number.isFinite(bound)) return before.bound;
  if (count === before.count) return bound;
  return before.bound + (bound - before.bound) * ((rank - before.count) / (count - before.count));
}
