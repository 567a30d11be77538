import type { Label } from "../model/index.ts";
import type { LabelRow, LabelRows } from "./label-rows.ts";

export function createInMemoryLabels(): LabelRows {
  const rows = new Map<string, { labels: readonly Label[]; touchedMs: number }>();
  const toKey = ({ tenant, context }: Pick<LabelRow, "tenant" | "context">): string =>
    `${tenant} ${context}`;
  return {
    async get(context, sinceMs) {
      const row = rows.get(toKey(context));
      return row === undefined || row.touchedMs < sinceMs ? [] : row.labels;
    },
    async add(row, sinceMs) {
      const known = rows.get(toKey(row));
      const before = known === undefined || known.touchedMs < sinceMs ? [] : known.labels;
      rows.set(toKey(row), {
        labels: [...new Set([...before, ...row.labels])].toSorted(),
        touchedMs: Math.max(known?.touchedMs ?? 0, row.nowMs),
      });
    },
    async sweep(beforeMs, limit) {
      const old = [...rows].filter(([, { touchedMs }]) => touchedMs < beforeMs).slice(0, limit);
      for (const [key] of old) rows.delete(key);
      return old.length;
    },
  };
}
