import type { Touches, Touching, TouchRow } from "./touches.ts";

export function createInMemoryTouches(): Touches {
  const rows = new Map<string, TouchRow>();
  const holds = new Map<string, string>();
  const toPlace = (tenant: string, key: string): string => `${tenant} ${key}`;
  const listOf = ({ tenant, keys }: Pick<Touching, "tenant" | "keys">) =>
    keys.map((key) => {
      const place = toPlace(tenant, key);
      return { place, row: rows.get(place) ?? { key, changed: null, open: null } };
    });
  return {
    async begin(touching) {
      const { by, hold, run, untilMs, nowMs } = touching;
      const known = listOf(touching);
      const taken = known.find(({ row }) => isHeld(row, by, nowMs));
      if (taken !== undefined) return taken.row;
      for (const { place, row } of known) {
        const { open: left } = row;
        const changed =
          left === null ? row.changed : later(row, { atMs: left.untilMs, run: left.run });
        rows.set(place, { ...row, changed, open: { by, run, untilMs } });
        holds.set(place, hold);
      }
      return "begun";
    },
    async prolong(touching, untilMs) {
      for (const { place, row } of listOf(touching)) {
        if (row.open === null || holds.get(place) !== touching.hold) continue;
        const open = { ...row.open, untilMs: Math.max(row.open.untilMs, untilMs) };
        rows.set(place, { ...row, open });
      }
    },
    async end(touching, changedAtMs) {
      const { hold, run } = touching;
      for (const { place, row } of listOf(touching)) {
        if (changedAtMs === null && row.open === null && row.changed === null) continue;
        const changed = changedAtMs === null ? row.changed : later(row, { atMs: changedAtMs, run });
        rows.set(place, { ...row, changed, open: holds.get(place) === hold ? null : row.open });
      }
    },
    async read(tenant, keys) {
      return keys.flatMap((key) => rows.get(toPlace(tenant, key)) ?? []);
    },
    async sweep(beforeMs, limit) {
      const isOld = ({ changed, open }: TouchRow): boolean =>
        (changed?.atMs ?? 0) < beforeMs && (open?.untilMs ?? 0) < beforeMs;
      const old = [...rows].filter(([, row]) => isOld(row)).slice(0, limit);
      for (const [place] of old) {
        rows.delete(place);
        holds.delete(place);
      }
      return old.length;
    },
  };
}

function isHeld({ open }: TouchRow, by: string, nowMs: number): boolean {
  return open !== null && open.by !== by && open.untilMs > nowMs;
}

function later(
  { changed }: TouchRow,
  other: NonNullable<TouchRow["changed"]>,
): TouchRow["changed"] {
  return changed !== null && changed.atMs > other.atMs ? changed : other;
}
