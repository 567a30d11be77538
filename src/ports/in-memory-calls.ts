import type { Digest, EntryId, TenantId } from "../model/index.ts";
import type { CallRow, CallRows, KeyedCall, UnknownPage } from "./call-rows.ts";
import { requireDigest, requireId, requireWhole } from "./storable.ts";
import type { EntryRow } from "./entry-rows.ts";

interface Key {
  readonly fingerprint: Digest;
  readonly call: EntryId;
  readonly expiresAtMs: number;
}

export class InMemoryCalls implements CallRows {
  #rows: ReadonlyMap<string, CallRow> = new Map();
  #keys: ReadonlyMap<string, Key> = new Map();

  /** Whether another call has a key of these entries. */
  isTaken(entries: readonly EntryRow[]): boolean {
    return entries.some((entry) => !this.#isFree(entry));
  }

  /** Entries that end a call which had ended before. */
  listLate(entries: readonly EntryRow[]): readonly EntryRow[] {
    return entries.filter(({ tenant, ends }) => {
      if (ends === undefined) return false;
      const row = this.#rows.get(toPlace(tenant, ends.call));
      return row?.state !== ends.from || (ends.notAfterMs ?? row.notAfterMs) !== row.notAfterMs;
    });
  }

  /** Opens and ends what the entries say. Returns what takes it back. */
  write(entries: readonly EntryRow[]): () => void {
    const [rows, keys] = [this.#rows, this.#keys];
    const [nextRows, nextKeys] = [new Map(rows), new Map(keys)];
    for (const entry of entries) {
      const { id, tenant, opens, ends } = entry;
      const opened = toOpened(entry);
      if (opened !== null) nextRows.set(toPlace(tenant, id), opened);
      const key = opens?.key ?? null;
      if (key !== null) nextKeys.set(toPlace(tenant, key.hash), { ...key, call: id });
      if (ends === undefined) continue;
      const place = toPlace(tenant, ends.call);
      nextRows.set(place, toEnded(nextRows.get(place)!, entry));
    }
    [this.#rows, this.#keys] = [nextRows, nextKeys];
    return () => void ([this.#rows, this.#keys] = [rows, keys]);
  }

  async get(tenant: TenantId, id: EntryId): Promise<CallRow | null> {
    requireId("id", id);
    return this.#rows.get(toPlace(tenant, id)) ?? null;
  }

  async byKey(tenant: TenantId, hash: Digest, nowMs: number): Promise<KeyedCall | null> {
    requireDigest("hash", hash);
    const key = this.#keys.get(toPlace(tenant, hash));
    const call = key === undefined ? undefined : this.#rows.get(toPlace(tenant, key.call));
    if (key === undefined || call === undefined || key.expiresAtMs <= nowMs) return null;
    return { fingerprint: key.fingerprint, call };
  }

  async listUnknown(
    tenant: TenantId,
    { nowMs, after, limit }: UnknownPage,
  ): Promise<readonly CallRow[]> {
    return this.#inOrder()
      .filter((row) => row.tenant === tenant && (after === undefined || row.id > after))
      .filter(
        ({ state, notAfterMs }) => state === "unknown" || (state === "open" && notAfterMs <= nowMs),
      )
      .slice(0, limit);
  }

  async prolong(
    { tenant, id }: Pick<CallRow, "tenant" | "id">,
    notAfterMs: number,
  ): Promise<boolean> {
    requireId("id", id);
    requireWhole("notAfterMs", notAfterMs);
    const place = toPlace(tenant, id);
    const row = this.#rows.get(place);
    if (row?.state !== "open") return false;
    const longer = { ...row, notAfterMs: Math.max(row.notAfterMs, notAfterMs) };
    this.#rows = new Map([...this.#rows, [place, longer] as const]);
    return true;
  }

  async listOverdue(beforeMs: number, limit: number): Promise<readonly CallRow[]> {
    return this.#inOrder()
      .filter(({ state, notAfterMs }) => state === "open" && notAfterMs <= beforeMs)
      .slice(0, limit);
  }

  async erase(tenant: TenantId, subject: string, limit: number): Promise<number> {
    const found = this.#inOrder()
      .filter((row) => row.tenant === tenant && row.subject === subject && row.state !== "open")
      .slice(0, limit);
    const erased = { subject: "", opening: null, result: null };
    this.#rows = new Map([
      ...this.#rows,
      ...found.map((row) => [toPlace(tenant, row.id), { ...row, ...erased }] as const),
    ]);
    return found.length;
  }

  async sweepKeys(nowMs: number, limit: number): Promise<number> {
    const old = [...this.#keys]
      .filter(([, { expiresAtMs }]) => expiresAtMs <= nowMs)
      .slice(0, limit)
      .map(([place]) => place);
    this.#keys = new Map([...this.#keys].filter(([place]) => !old.includes(place)));
    return old.length;
  }

  #inOrder(): readonly CallRow[] {
    return [...this.#rows.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  #isFree({ id, tenant, opens }: EntryRow): boolean {
    if (opens === undefined || opens.key === null) return true;
    const known = this.#keys.get(toPlace(tenant, opens.key.hash));
    if (known === undefined || known.call === id || known.expiresAtMs <= opens.atMs) return true;
    const state = this.#rows.get(toPlace(tenant, known.call))?.state;
    const isFreed = state === "failed" || known.call === opens.key.repeats;
    return known.fingerprint === opens.key.fingerprint && isFreed;
  }
}

function toPlace(tenant: TenantId, id: string): string {
  return `${tenant} ${id}`;
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
