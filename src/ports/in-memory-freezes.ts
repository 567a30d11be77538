import type { FreezeLift, FreezeRows, StoredFreeze } from "./freeze-rows.ts";

export function createInMemoryFreezes(): FreezeRows {
  const rows: StoredFreeze[] = [];
  const find = ({ tenant, kind, name }: Pick<FreezeLift, "tenant" | "kind" | "name">): number =>
    rows.findIndex(
      (row) =>
        row.tenant === tenant && row.kind === kind && row.name === name && row.lifted === null,
    );
  return {
    async active() {
      return rows
        .filter(({ lifted }) => lifted === null)
        .map(({ tenant, kind, name, reason, by, atMs }) => ({
          tenant,
          kind,
          name,
          reason,
          by,
          atMs,
        }));
    },
    async list(tenant, limit) {
      return rows
        .filter((row) => row.tenant === tenant)
        .toReversed()
        .slice(0, limit);
    },
    async put(row) {
      if (find(row) >= 0) return false;
      rows.push({ ...row, lifted: null });
      return true;
    },
    async lift(lift) {
      const at = find(lift);
      if (at < 0) return false;
      rows[at] = { ...rows[at]!, lifted: { by: lift.by, atMs: lift.atMs } };
      return true;
    },
  };
}
