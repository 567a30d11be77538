import { Fault, type ApprovalId, type EntryId, type TenantId } from "../model/index.ts";
import {
  cursorStride,
  dueCount,
  type DueLog,
  type Integration,
  type Leading,
  type LeafPlace,
  type LeafTile,
  type LogHead,
  type LogPlace,
  type LogRows,
  type LogTilePlace,
  type Reopening,
} from "./log-rows.ts";
import { requireId } from "./storable.ts";
import type { EntryRow, StoredEntry } from "./entry-rows.ts";

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

/** Of a tree without leaves: SHA-256 of nothing. */
const emptyRoot = Buffer.from(
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "hex",
);
const tileWidth = 256;

/** The twin: all of it in maps. */
export class InMemoryLog implements LogRows {
  readonly #entries: EntrySource;
  readonly #logs = new Map<TenantId, readonly LogHead[]>();
  readonly #tiles = new Map<string, Tile>();
  #isLed = false;

  constructor(entries: EntrySource) {
    this.#entries = entries;
  }

  async listDue({ after, limit }: Page): Promise<readonly DueLog[]> {
    const tenants = this.#entries.tenants().filter((each) => after === undefined || each > after);
    return tenants.flatMap((tenant) => this.#dueOf(tenant) ?? []).slice(0, limit);
  }

  async dueOf(tenant: TenantId): Promise<DueLog | null> {
    return this.#dueOf(tenant);
  }

  async listTenants({ after, limit }: Page): Promise<readonly TenantId[]> {
    const tenants = [...this.#logs.keys()].toSorted();
    return tenants.filter((each) => after === undefined || each > after).slice(0, limit);
  }

  async heads(tenant: TenantId): Promise<readonly LogHead[]> {
    return (this.#logs.get(tenant) ?? []).slice(0, 100);
  }

  async begin(tenant: TenantId, atMs: number): Promise<void> {
    if (!this.#logs.has(tenant)) this.#logs.set(tenant, [toOpened({ tenant, epoch: 1 }, 0n, atMs)]);
  }

  async integrate({ tenant, epoch, from, to, tiles }: Integration): Promise<boolean> {
    const head = this.#seen({ tenant, epoch, ...from });
    if (head === null) return false;
    for (const { level, index, bytes, cursors } of tiles) {
      const key = toKey(head, level, index);
      const first = this.#tiles.get(key)?.cursors?.first ?? cursors?.first;
      const kept = cursors === null ? null : { first: first!, last: cursors.last };
      this.#tiles.set(key, { bytes: bytes.slice(), cursors: kept });
    }
    this.#change({ ...head, ...to, root: to.root.slice() });
    return true;
  }

  async sign(place: SeenHead, note: string): Promise<boolean> {
    const head = this.#seen(place);
    if (head !== null) this.#change({ ...head, signed: { size: head.size, note } });
    return head !== null;
  }

  async reopen({ tenant, from, end, epoch, gap, atMs }: Reopening): Promise<bigint | null> {
    const head = from === null ? null : this.#seen({ tenant, ...from });
    if (head === null && (from !== null || this.#open(tenant) !== null)) return null;
    const start = head === null ? end.cursor : this.#startBehind(head, end.cursor);
    if ((start + 1n) % cursorStride === 0n)
      throw new Fault("store_busy", "The log was reopened too often with nothing written between.");
    if (head !== null) this.#end(head, end);
    this.#entries.insert(gap, start + 1n);
    const next = toOpened({ tenant, epoch }, start, atMs);
    this.#logs.set(tenant, [next, ...(this.#logs.get(tenant) ?? [])]);
    return start + 1n;
  }

  async readTile({ level, index, ...log }: LogTilePlace): Promise<Uint8Array | null> {
    return this.#tiles.get(toKey(log, level, index))?.bytes ?? null;
  }

  async locate(tenant: TenantId, ids: readonly EntryId[]): Promise<readonly (LeafPlace | null)[]> {
    for (const id of ids) requireId("id", id);
    return ids.map((id) => this.#locate(tenant, id));
  }

  #locate(tenant: TenantId, id: EntryId): LeafPlace | null {
    const found = this.#entries.list(tenant).find((entry) => entry.id === id);
    if (found === undefined) return null;
    const { cursor } = found;
    for (const { epoch, start, size, cursor: last } of this.#logs.get(tenant) ?? []) {
      if (cursor <= start || cursor > last) continue;
      for (let index = 0; index * tileWidth < size; index += 1) {
        const tile = this.#between({ tenant, epoch }, index);
        const rank = tile.findIndex((each) => each.cursor === cursor);
        if (rank >= 0) return { cursor, leaf: { epoch, index: index * tileWidth + rank } };
      }
    }
    return { cursor, leaf: null };
  }

  async readLeaves(
    log: LogPlace,
    { fromTile, tiles }: { readonly fromTile: number; readonly tiles: number },
  ): Promise<readonly LeafTile[]> {
    return Array.from({ length: tiles }, (_, at) => fromTile + at).flatMap((index) => {
      const hashes = this.#tiles.get(toKey(log, 0, index))?.bytes;
      return hashes === undefined ? [] : [{ index, hashes, entries: this.#between(log, index) }];
    });
  }

  async latest(
    tenant: TenantId,
    { before, limit }: { readonly before?: EntryId; readonly limit: number },
  ): Promise<readonly StoredEntry[]> {
    const rows = this.#entries.list(tenant).toReversed();
    const at = before === undefined ? -1 : rows.findIndex(({ id }) => id === before);
    return before !== undefined && at < 0 ? [] : rows.slice(at + 1, at + 1 + limit);
  }

  async callOf(tenant: TenantId, approval: ApprovalId): Promise<EntryId | null> {
    const rows = this.#entries.list(tenant);
    return rows.find(({ opens }) => opens?.approval === approval)?.id ?? null;
  }

  async lead(): Promise<Leading | null> {
    if (this.#isLed) return null;
    this.#isLed = true;
    const lost = new AbortController();
    return {
      lost: lost.signal,
      confirm: async () => !lost.signal.aborted,
      close: async () => {
        if (!lost.signal.aborted) this.#isLed = false;
        lost.abort();
      },
    };
  }

  #open(tenant: TenantId): LogHead | null {
    return this.#logs.get(tenant)?.[0] ?? null;
  }

  #seen(place: SeenHead): LogHead | null {
    const head = this.#open(place.tenant);
    const isSame = head?.epoch === place.epoch && head.size === place.size;
    return isSame && Buffer.compare(head.root, place.root) === 0 ? head : null;
  }

  #change(head: LogHead): void {
    const heads = this.#logs.get(head.tenant)!;
    this.#logs.set(
      head.tenant,
      heads.map((each) => (each.epoch === head.epoch ? head : each)),
    );
  }

  #dueOf(tenant: TenantId): DueLog | null {
    const head = this.#open(tenant);
    const after = head?.cursor ?? 0n;
    const waiting = this.#entries.list(tenant).filter(({ cursor }) => cursor > after);
    const isSigned = head === null || head.size === (head.signed?.size ?? 0);
    if (waiting.length === 0 && isSigned) return null;
    const oldest = waiting.map(({ id }) => id).toSorted()[0] ?? null;
    return { tenant, waiting: Math.min(waiting.length, dueCount), oldest };
  }

  /** Entries of a tile: behind the one before, up to its own last cursor. */
  #between(log: LogPlace, index: number): readonly StoredEntry[] {
    const head = this.#logs.get(log.tenant)?.find(({ epoch }) => epoch === log.epoch);
    const lastOf = (at: number) => this.#tiles.get(toKey(log, 0, at))?.cursors?.last;
    const after = index === 0 ? head?.start : lastOf(index - 1);
    const last = lastOf(index);
    if (after === undefined || last === undefined) return [];
    return this.#entries.list(log.tenant).filter(({ cursor }) => cursor > after && cursor <= last);
  }

  /** Whoever opened an epoch and did not sign it left its first leaf there. */
  #startBehind({ tenant, epoch, signed }: LogHead, end: bigint): bigint {
    if (epoch === 1 || signed !== null) return end;
    const drawn = end - (end % cursorStride) + cursorStride;
    const left = this.#entries.list(tenant).map(({ cursor }) => cursor);
    return left.reduce((last, each) => (each > last && each < drawn ? each : last), end);
  }

  /** Leaves behind the end are taken in again by the next epoch. */
  #end(head: LogHead, { size, root, cursor }: Reopening["end"]): void {
    for (let index = 0; index * tileWidth < head.size; index += 1) {
      const key = toKey(head, 0, index);
      const tile = this.#tiles.get(key);
      if (tile === undefined || tile.cursors === null || tile.cursors.last <= cursor) continue;
      const { first } = tile.cursors;
      if (first > cursor) this.#tiles.delete(key);
      else this.#tiles.set(key, { ...tile, cursors: { first, last: cursor } });
    }
    this.#change({ ...head, size, root: root.slice(), cursor, isOpen: false });
  }
}

interface Page {
  readonly after?: TenantId;
  readonly limit: number;
}
type SeenHead = Pick<LogHead, "tenant" | "epoch" | "size" | "root">;

function toKey({ tenant, epoch }: LogPlace, level: number, index: number): string {
  return `${tenant} ${epoch} ${level} ${index}`;
}

function toOpened(log: LogPlace, start: bigint, openedAtMs: number): LogHead {
  const empty = { start, cursor: start, size: 0, root: emptyRoot, signed: null };
  return { ...log, ...empty, openedAtMs, isOpen: true };
}

export function toNextCursor(count: number): bigint {
  return BigInt(count + 1) * cursorStride;
}
