import type { EntryId, TenantId } from "../model/index.ts";
import type { CallRow, CallRows } from "./call-rows.ts";
import { requireDigest, requireId } from "./storable.ts";
import type { EntryRow } from "./store.ts";

interface Key {
  readonly fingerprint: string;
  readonly call: EntryId;
  readonly expiresAtMs: number;
}

export interface InMemoryCalls extends CallRows {
  /** Whether another call has a key of these entries. */
  isTaken(entries: readonly EntryRow[]): boolean;
  /** Entries that end a call which had ended before. */
  listLate(entries: readonly EntryRow[]): readonly EntryRow[];
  /** Opens and ends what the entries say. Returns what takes it back. */
  write(entries: readonly EntryRow[]): () => void;
}

export function createInMemoryCalls(): InMemoryCalls {
  let rows: ReadonlyMap<string, CallRow> = new Map();
  let keys: ReadonlyMap<string, Key> = new Map();

  const toId = (tenant: TenantId, id: string): string => `${tenant} ${id}`;
  const inOrder = (): readonly CallRow[] =>
    [...rows.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));

  function isFree({ id, tenant, opens }: EntryRow): boolean {
    if (opens === undefined || opens.key === null) return true;
    const known = keys.get(toId(tenant, opens.key.hash));
    if (known === undefined || known.call === id || known.expiresAtMs <= opens.atMs) return true;
    const state = rows.get(toId(tenant, known.call))?.state;
    return known.fingerprint === opens.key.fingerprint && state === "failed";
  }

  return {
    isTaken: (entries) => entries.some((entry) => !isFree(entry)),
    listLate: (entries) =>
      entries.filter(
        ({ tenant, ends }) =>
          ends !== undefined && rows.get(toId(tenant, ends.call))?.state !== ends.from,
      ),
    write(entries) {
      const before = { rows, keys };
      const [nextRows, nextKeys] = [new Map(rows), new Map(keys)];
      for (const entry of entries) {
        const opened = toOpened(entry);
        if (opened !== null) nextRows.set(toId(entry.tenant, entry.id), opened);
        const key = entry.opens?.key ?? null;
        if (key !== null) nextKeys.set(toId(entry.tenant, key.hash), { ...key, call: entry.id });
        if (entry.ends === undefined) continue;
        const place = toId(entry.tenant, entry.ends.call);
        nextRows.set(place, toEnded(nextRows.get(place)!, entry));
      }
      rows = nextRows;
      keys = nextKeys;
      return () => ({ rows, keys } = before);
    },
    async get(tenant, id) {
      requireId("id", id);
      return rows.get(toId(tenant, id)) ?? null;
    },
    async byKey(tenant, hash, nowMs) {
      requireDigest("hash", hash);
      const key = keys.get(toId(tenant, hash));
      const call = key === undefined ? undefined : rows.get(toId(tenant, key.call));
      if (key === undefined || call === undefined || key.expiresAtMs <= nowMs) return null;
      return { fingerprint: key.fingerprint as CallRow["intent"], call };
    },
    listUnknown: async (tenant, { nowMs, after, limit }) =>
      inOrder()
        .filter((row) => row.tenant === tenant && (after === undefined || row.id > after))
        .filter(
          ({ state, notAfterMs }) =>
            state === "unknown" || (state === "open" && notAfterMs <= nowMs),
        )
        .slice(0, limit),
    listOverdue: async (beforeMs, limit) =>
      inOrder()
        .filter(({ state, notAfterMs }) => state === "open" && notAfterMs <= beforeMs)
        .slice(0, limit),
    async erase(tenant, subject, limit) {
      const found = inOrder()
        .filter((row) => row.tenant === tenant && row.subject === subject && row.state !== "open")
        .slice(0, limit);
      const next = new Map(rows);
      for (const row of found)
        next.set(toId(tenant, row.id), { ...row, subject: "", opening: null, result: null });
      rows = next;
      return found.length;
    },
    async sweepKeys(nowMs, limit) {
      const old = [...keys].filter(([, { expiresAtMs }]) => expiresAtMs <= nowMs).slice(0, limit);
      keys = new Map([...keys].filter(([place]) => !old.some(([other]) => other === place)));
      return old.length;
    },
  };
}

function toOpened({ id, tenant, opens }: EntryRow): CallRow | null {
  if (opens === undefined) return null;
  const { key: _, ...draft } = opens;
  const ended = { outcome: null, resolution: null, result: null };
  return { ...draft, id, tenant, state: "open", ...ended };
}

function toEnded(row: CallRow, { id, ends }: EntryRow): CallRow {
  const { to, from, result } = ends!;
  const of = from === "open" ? { outcome: id } : { resolution: id };
  return { ...row, ...of, state: to, result };
}
