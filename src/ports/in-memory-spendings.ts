import type { SpendingPlace, SpendingRows, UsedShare } from "./spending-rows.ts";

export function createInMemorySpendings(): SpendingRows {
  const rows = new Map<string, { readonly place: SpendingPlace; used: number }>();
  const toKey = ({ tenant, budget, share, periodMs }: SpendingPlace): string =>
    `${tenant} ${budget} ${share} ${periodMs}`;
  return {
    async lease(place, { amount, cap }) {
      const key = toKey(place);
      const row = rows.get(key) ?? { place, used: 0 };
      rows.set(key, row);
      const granted = Math.min(amount, Math.max(0, cap - row.used));
      row.used += granted;
      return granted;
    },
    async read({ tenant, budget, periodMs }, most) {
      const found = [...rows.values()]
        .filter(({ place }) => place.tenant === tenant && place.budget === budget)
        .filter(({ place }) => place.periodMs === periodMs)
        .map(({ place, used }): UsedShare => ({ share: place.share, used }))
        .toSorted((one, other) => other.used - one.used || (one.share < other.share ? -1 : 1));
      return { shares: found.length, fullest: found.slice(0, most) };
    },
    async giveBack(place, amount) {
      const row = rows.get(toKey(place));
      if (row !== undefined) row.used = Math.max(0, row.used - amount);
    },
    async sweep(beforeMs, limit) {
      const old = [...rows].filter(([, { place }]) => place.periodMs < beforeMs).slice(0, limit);
      for (const [key] of old) rows.delete(key);
      return old.length;
    },
  };
}
