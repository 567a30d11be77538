import type { LogEntry } from "./log-rows.ts";
import type { ReplicaRow, ReplicaRows } from "./replica-rows.ts";
import { requireId, requireWhole } from "./storable.ts";
import { storeLimits } from "./store-limits.ts";

/** `write` makes entries durable. */
export function createInMemoryReplicas(
  write: (entries: readonly Omit<LogEntry, "cursor">[]) => void,
): ReplicaRows {
  const rows = new Map<string, ReplicaRow>();
  return {
    async beat(row) {
      requireId("id", row.id);
      requireWhole("durableToMs", row.durableToMs);
      requireWhole("beatAtMs", row.beatAtMs);
      rows.set(row.id, { ...row });
    },
    async leave(id) {
      rows.delete(id);
    },
    list: async (limit) =>
      [...rows.values()]
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, Math.min(limit, storeLimits.rowsPerPage)),
    async bury(row, entries) {
      if (rows.get(row.id)?.beatAtMs !== row.beatAtMs) return false;
      write(entries);
      rows.delete(row.id);
      return true;
    },
  };
}
