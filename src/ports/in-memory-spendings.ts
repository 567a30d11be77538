import type { SpendingPlace, SpendingRows } from "./spending-rows.ts";

export function createInMemorySpendings(): SpendingRows {
  const rows = new Map<string, { readonly periodMs: number; used: number }>();
  const toKey = ({ tenant, budget, share, periodMs }: SpendingPlace): string =>
    `${tenant} ${budget} ${share} ${periodMs}`;
  return {
    async lease(place, { amount, cap }) {
      const key = toKey(place);
      const row = rows.get(key) ?? { periodMs: place.periodMs, used: 0 };
      rows.set(key, row);
      const granted = Math.min(amount, Math.max(0, cap - row.used));
      row.used += granted;
      return granted;
    },
    async giveBack(place, amount) {
      const row = rows.get(toKey(place));
      if (row !== undefined) row.used = Math.max(0, row.used - amount);
    },
    async sweep(beforeMs, limit) {
      const old = [...rows].filter(([, { periodMs }]) => periodMs < beforeMs).slice(0, limit);
      for (const [key] of old) rows.delete(key);
      return old.length;
    },
  };
}
