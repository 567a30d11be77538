import type { EntryId, TenantId } from "../model/index.ts";
import {
  cursorStride,
  dueCount,
  type DueLog,
  type Integration,
  type LeafPlace,
  type LogHead,
  type LogPlace,
  type LogRows,
  type Reopening,
} from "./log-rows.ts";
import { requireId } from "./storable.ts";
import type { EntryRow, StoredEntry } from "./store.ts";

/** What the twin knows of entries: those of a tenant by cursor. */
export interface EntrySource {
  list(tenant: TenantId): readonly StoredEntry[];
  tenants(): readonly TenantId[];
  /** At a cursor that nobody draws. */
  insert(row: EntryRow, cursor: bigint): void;
}

interface Tile {
  readonly bytes: Uint8Array;
  readonly cursors: { readonly first: bigint; readonly last: bigint } | null;
}

export const emptyRoot = Buffer.from(
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "hex",
);
const tileWidth = 256;

export function createInMemoryLog(entries: EntrySource): LogRows {
  const logs = new Map<TenantId, LogHead[]>();
  const tiles = new Map<string, Tile>();
  let isLed = false;

  const open = (tenant: TenantId): LogHead | null => logs.get(tenant)?.[0] ?? null;
  const toKey = (log: LogPlace, level: number, index: number): string =>
    `${log.tenant} ${log.epoch} ${level} ${index}`;
  const leafTile = (log: LogPlace, index: number): Tile | null =>
    tiles.get(toKey(log, 0, index)) ?? null;
  function change(head: LogHead): void {
    logs.set(
      head.tenant,
      logs.get(head.tenant)!.map((each) => (each.epoch === head.epoch ? head : each)),
    );
  }
  function seen(place: Integration["from"] & LogPlace): LogHead | null {
    const head = open(place.tenant);
    const same = head?.epoch === place.epoch && head.size === place.size;
    return same && Buffer.compare(head.root, place.root) === 0 ? head : null;
  }
  function between(log: LogPlace, index: number): readonly StoredEntry[] {
    const head = logs.get(log.tenant)?.find(({ epoch }) => epoch === log.epoch);
    const after = index === 0 ? head?.start : leafTile(log, index - 1)?.cursors?.last;
    const last = leafTile(log, index)?.cursors?.last;
    if (after === undefined || last === undefined) return [];
    return entries.list(log.tenant).filter(({ cursor }) => cursor > after && cursor <= last);
  }
  function locate(tenant: TenantId, cursor: bigint): LeafPlace {
    for (const { epoch, start, size, cursor: last } of logs.get(tenant) ?? []) {
      if (cursor <= start || cursor > last) continue;
      for (let index = 0; index * tileWidth < size; index += 1) {
        const rank = between({ tenant, epoch }, index).findIndex((each) => each.cursor === cursor);
        if (rank >= 0) return { cursor, leaf: { epoch, index: index * tileWidth + rank } };
      }
    }
    return { cursor, leaf: null };
  }

  function dueOf(tenant: TenantId): DueLog | null {
    const head = open(tenant);
    const waiting = entries.list(tenant).filter(({ cursor }) => cursor > (head?.cursor ?? 0n));
    const isSigned = head === null || head.size === (head.signed?.size ?? 0);
    if (waiting.length === 0 && isSigned) return null;
    const oldest = waiting.map(({ id }) => id).toSorted()[0] ?? null;
    return { tenant, waiting: Math.min(waiting.length, dueCount), oldest };
  }

  return {
    async listDue({ after, limit }) {
      const tenants = entries.tenants().filter((tenant) => after === undefined || tenant > after);
      return tenants.flatMap((tenant) => dueOf(tenant) ?? []).slice(0, limit);
    },
    dueOf: async (tenant) => dueOf(tenant),
    listTenants: async ({ after, limit }) =>
      [...logs.keys()]
        .toSorted()
        .filter((tenant) => after === undefined || tenant > after)
        .slice(0, limit),
    heads: async (tenant) => (logs.get(tenant) ?? []).slice(0, 100),
    async begin(tenant, atMs) {
      if (logs.has(tenant)) return;
      const ends = { start: 0n, cursor: 0n, size: 0, root: emptyRoot };
      logs.set(tenant, [
        { tenant, epoch: 1, ...ends, signed: null, openedAtMs: atMs, isOpen: true },
      ]);
    },
    async integrate({ tenant, epoch, from, to, tiles: written }) {
      const head = seen({ tenant, epoch, ...from });
      if (head === null) return false;
      for (const { level, index, bytes, cursors } of written) {
        const key = toKey(head, level, index);
        const first = tiles.get(key)?.cursors?.first ?? cursors?.first;
        const kept = cursors === null ? null : { first: first!, last: cursors.last };
        tiles.set(key, { bytes: bytes.slice(), cursors: kept });
      }
      change({ ...head, ...to, root: to.root.slice() });
      return true;
    },
    async sign(place, note) {
      const head = seen(place);
      if (head === null) return false;
      change({ ...head, signed: { size: head.size, note } });
      return true;
    },
    async reopen(asked) {
      const head = open(asked.tenant);
      if (
        asked.from === null ? head !== null : seen({ ...asked.from, tenant: asked.tenant }) === null
      )
        return false;
      if (head !== null) endEpoch(head, asked.end);
      entries.insert(asked.gap, asked.end.cursor + 1n);
      const ends = { start: asked.end.cursor, cursor: asked.end.cursor, size: 0, root: emptyRoot };
      const next: LogHead = {
        ...{ tenant: asked.tenant, epoch: asked.epoch, ...ends },
        ...{ signed: null, openedAtMs: asked.atMs, isOpen: true },
      };
      logs.set(asked.tenant, [next, ...(logs.get(asked.tenant) ?? [])]);
      return true;
    },
    readTile: async ({ level, index, ...log }) =>
      tiles.get(toKey(log, level, index))?.bytes ?? null,
    async locate(tenant, id) {
      requireId("id", id);
      const found = entries.list(tenant).find((entry) => entry.id === id);
      return found === undefined ? null : locate(tenant, found.cursor);
    },
    async readLeaves(log, { fromTile, tiles: count }) {
      return Array.from({ length: count }, (_, n) => fromTile + n).flatMap((index) => {
        const tile = leafTile(log, index);
        return tile === null ? [] : [{ index, hashes: tile.bytes, entries: between(log, index) }];
      });
    },
    async latest(tenant, { before, limit }) {
      const rows = entries.list(tenant).toReversed();
      const at = before === undefined ? -1 : rows.findIndex(({ id }) => id === before);
      if (before !== undefined && at < 0) return [];
      return rows.slice(at + 1, at + 1 + limit);
    },
    async callOf(tenant, approval) {
      const found = entries.list(tenant).find(({ opens }) => opens?.approval === approval);
      return (found?.id ?? null) as EntryId | null;
    },
    async lead() {
      if (isLed) return null;
      isLed = true;
      const lost = new AbortController();
      return {
        lost: lost.signal,
        confirm: async () => !lost.signal.aborted,
        async close() {
          if (!lost.signal.aborted) isLed = false;
          lost.abort();
        },
      };
    },
  };

  function endEpoch(head: LogHead, { size, root, cursor }: Reopening["end"]): void {
    for (let index = 0; index * tileWidth < head.size; index += 1) {
      const key = toKey(head, 0, index);
      const tile = tiles.get(key);
      if (tile === undefined || tile.cursors === null || tile.cursors.last <= cursor) continue;
      if (tile.cursors.first > cursor) tiles.delete(key);
      else tiles.set(key, { ...tile, cursors: { first: tile.cursors.first, last: cursor } });
    }
    change({ ...head, size, root: root.slice(), cursor, isOpen: false });
  }
}

export function toNextCursor(count: number): bigint {
  return BigInt(count + 1) * cursorStride;
}
