import { describe, expect, test } from "vitest";
import type { Integration, LeafPlace, LogHead, LogRows } from "../../src/ports/log-rows.ts";
import type { Store } from "../../src/ports/store.ts";
import type { EntryId, TenantId } from "../../src/model/index.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import {
  newApproval,
  newDigest,
  newEntry,
  newEntryId,
  newTenant,
  startMs,
} from "./store-values.ts";

/** The Merkle log's rows, and those of replicas that run. Hashes are any bytes here. */
export function describeLog(under: () => StoreUnderTest): void {
  describeHeads(under);
  describeLeaves(under);
  describeReopening(under);
  describeReplicas(under);
}

const toHash = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const toTile = (width: number, n: number): Uint8Array => new Uint8Array(32 * width).fill(n);

async function write(store: Store, tenant: TenantId, count: number): Promise<readonly EntryId[]> {
  const entries = Array.from({ length: count }, (_, n) => newEntry(tenant, `entry ${n}`));
  for (let at = 0; at < count; at += 500)
    await store.commit({ entries: entries.slice(at, at + 500) });
  return (await store.entries.page(tenant, { after: 0n, limit: 10_000 })).map(({ id }) => id);
}

async function headOf(log: LogRows, tenant: TenantId): Promise<LogHead> {
  const [head] = await log.heads(tenant);
  return head!;
}

/** Takes in what the store has behind the head, as one change of one level. */
async function toChange(store: Store, tenant: TenantId, count = 10_000): Promise<Integration> {
  const head = await headOf(store.log, tenant);
  const rows = await store.entries.page(tenant, { after: head.cursor, limit: count });
  const cursors = rows.map(({ cursor }) => cursor);
  const size = head.size + rows.length;
  const tiles = [];
  for (let index = Math.floor(head.size / 256); index * 256 < size; index += 1) {
    const from = Math.max(index * 256 - head.size, 0);
    const to = Math.min((index + 1) * 256 - head.size, rows.length);
    const bounds = { first: cursors[from]!, last: cursors[to - 1]! };
    const width = Math.min(256, size - index * 256);
    tiles.push({ level: 0, index, bytes: toTile(width, index + 1), cursors: bounds });
  }
  return {
    tenant,
    epoch: head.epoch,
    from: { size: head.size, root: head.root },
    to: { size, root: toHash(size % 251), cursor: cursors.at(-1)! },
    tiles,
  };
}

function describeHeads(under: () => StoreUnderTest): void {
  describe("heads of logs", () => {
    test("begin once, empty, for a tenant of their own", async () => {
      const { log } = under().store;
      const tenant = newTenant();
      expect(await log.heads(tenant)).toEqual([]);
      await Promise.all([1, 2, 3].map(() => log.begin(tenant, startMs)));
      const heads = await log.heads(tenant);
      expect(heads).toMatchObject([
        { tenant, epoch: 1, size: 0, start: 0n, cursor: 0n, signed: null, isOpen: true },
      ]);
      expect(Buffer.from(heads[0]!.root).toString("hex")).toMatch(/^e3b0c442/);
      expect(await log.listTenants({ limit: 10_000 })).toContain(tenant);
    });

    test("move from what they are, and from nothing else", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      await write(store, tenant, 3);
      await store.log.begin(tenant, startMs);
      const change = await toChange(store, tenant);
      const moves = await Promise.all(
        [store, peer, store, peer].map(({ log }) => log.integrate(change)),
      );
      expect(moves.filter(Boolean)).toHaveLength(1);
      const head = await headOf(store.log, tenant);
      expect([head.size, head.cursor]).toEqual([3, change.to.cursor]);
      const forged = { ...change, from: { size: 3, root: toHash(9) } };
      expect(await store.log.integrate(forged)).toBe(false);
      expect(await store.log.integrate({ ...forged, from: change.to, epoch: 2 })).toBe(false);
      const place = { tenant, epoch: 1, level: 0, index: 0 };
      expect(Buffer.from((await store.log.readTile(place))!)).toEqual(Buffer.from(toTile(3, 1)));
      expect(await store.log.readTile({ ...place, tenant: newTenant() })).toBeNull();
      expect(await store.log.readTile({ ...place, index: 1 })).toBeNull();
    });

    test("are signed as they are committed, and not as they were", async () => {
      const { store } = under();
      const tenant = newTenant();
      await write(store, tenant, 2);
      await store.log.begin(tenant, startMs);
      const before = await headOf(store.log, tenant);
      await store.log.integrate(await toChange(store, tenant));
      expect(await store.log.sign(before, "old")).toBe(false);
      const head = await headOf(store.log, tenant);
      expect(await store.log.sign({ ...head, root: toHash(7) }, "forged")).toBe(false);
      expect(await store.log.sign(head, "a note")).toBe(true);
      expect((await headOf(store.log, tenant)).signed).toEqual({ size: 2, note: "a note" });
    });

    test("are due while entries wait or nobody signed", async () => {
      const { store } = under();
      const tenant = newTenant();
      const due = async () => {
        const all = await store.log.listDue({ limit: 10_000 });
        const found = all.find((each) => each.tenant === tenant);
        expect(await store.log.dueOf(tenant)).toEqual(found ?? null);
        return found;
      };
      expect(await due()).toBeUndefined();
      const [first] = await write(store, tenant, 2);
      expect(await due()).toEqual({ tenant, waiting: 2, oldest: first });
      await store.log.begin(tenant, startMs);
      await store.log.integrate(await toChange(store, tenant, 1));
      expect(await due()).toMatchObject({ waiting: 1 });
      await store.log.integrate(await toChange(store, tenant));
      expect(await due()).toEqual({ tenant, waiting: 0, oldest: null });
      await store.log.sign(await headOf(store.log, tenant), "a note");
      expect(await due()).toBeUndefined();
      expect(await store.log.listDue({ after: "zzz" as TenantId, limit: 10 })).toEqual([]);
    });

    test("one process leads, and the next one once it has gone", async () => {
      const { store, peer } = under();
      const leading = (await store.log.lead())!;
      expect(await leading.confirm()).toBe(true);
      expect(await peer.log.lead()).toBeNull();
      await leading.close();
      expect(leading.lost.aborted).toBe(true);
      expect(await leading.confirm()).toBe(false);
      let next = await peer.log.lead();
      // A closed session gives its lock up a moment later.
      while (next === null) next = await peer.log.lead();
      expect(await store.log.lead()).toBeNull();
      await next.close();
    });
  });
}

async function locate(store: Store, tenant: TenantId, id: EntryId): Promise<LeafPlace | null> {
  const [place] = await store.log.locate(tenant, [id]);
  return place!;
}

function describeLeaves(under: () => StoreUnderTest): void {
  describe("leaves of logs", () => {
    test("are found by their entry, and entries by their leaf", async () => {
      const { store } = under();
      const [tenant, other] = [newTenant(), newTenant()];
      await write(store, other, 5);
      const ids = await write(store, tenant, 300);
      await write(store, other, 5);
      await store.log.begin(tenant, startMs);
      expect((await locate(store, tenant, ids[7]!))?.leaf).toBeNull();
      await store.log.integrate(await toChange(store, tenant, 200));
      await store.log.integrate(await toChange(store, tenant, 90));
      for (const index of [0, 1, 199, 200, 255, 256, 289]) {
        const place = await locate(store, tenant, ids[index]!);
        expect(place?.leaf).toEqual({ epoch: 1, index });
      }
      expect((await locate(store, tenant, ids[290]!))?.leaf).toBeNull();
      expect(await locate(store, other, ids[0]!)).toBeNull();
      expect(await locate(store, tenant, newEntryId())).toBeNull();
      const several = [ids[290]!, newEntryId(), ids[256]!, ids[0]!, ids[256]!];
      const places = await store.log.locate(tenant, several);
      expect(places.map((place) => place?.leaf?.index)).toEqual([
        undefined,
        undefined,
        256,
        0,
        256,
      ]);
      expect(places.map((place) => place === null)).toEqual([false, true, false, false, false]);
      expect(await store.log.locate(tenant, [])).toEqual([]);

      const page = { fromTile: 0, tiles: 10 };
      const tiles = await store.log.readLeaves({ tenant, epoch: 1 }, page);
      expect(tiles.map(({ index, entries }) => [index, entries.length])).toEqual([
        [0, 256],
        [1, 34],
      ]);
      expect(tiles.flatMap(({ entries }) => entries.map(({ id }) => id))).toEqual(
        ids.slice(0, 290),
      );
      expect(tiles[1]!.hashes).toHaveLength(34 * 32);
      const second = await store.log.readLeaves({ tenant, epoch: 1 }, { fromTile: 1, tiles: 1 });
      expect(second.map(({ index, entries }) => [index, entries.length])).toEqual([[1, 34]]);
    });

    test("entries are listed from the latest back, page by page", async () => {
      const { store } = under();
      const tenant = newTenant();
      const ids = await write(store, tenant, 5);
      const read = async (before?: EntryId) =>
        (
          await store.log.latest(tenant, { limit: 2, ...(before === undefined ? {} : { before }) })
        ).map(({ id }) => id);
      expect(await read()).toEqual([ids[4], ids[3]]);
      expect(await read(ids[3])).toEqual([ids[2], ids[1]]);
      expect(await read(ids[0])).toEqual([]);
      expect(await read(newEntryId())).toEqual([]);
    });

    test("the call of an approval is found by it, in its tenant", async () => {
      const { store } = under();
      const [tenant, approval] = [newTenant(), newApproval()];
      const opens = {
        subject: "default\nservice\nbot",
        server: "mail",
        tool: "send",
        intent: newDigest(),
        approval,
        run: null,
        notAfterMs: startMs,
        opening: null,
        atMs: startMs,
        key: null,
      };
      const entry = { ...newEntry(tenant), opens };
      await store.commit({ entries: [entry] });
      expect(await store.log.callOf(tenant, approval)).toBe(entry.id);
      expect(await store.log.callOf(newTenant(), approval)).toBeNull();
      expect(await store.log.callOf(tenant, newApproval())).toBeNull();
    });
  });
}

function describeReopening(under: () => StoreUnderTest): void {
  describe("an epoch of a log", () => {
    test("ends at its last checkpoint, and the next one begins with the gap", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      const ids = await write(store, tenant, 260);
      await store.log.begin(tenant, startMs);
      await store.log.integrate(await toChange(store, tenant, 2));
      const signed = await headOf(store.log, tenant);
      await store.log.sign(signed, "a note");
      await store.log.integrate(await toChange(store, tenant));
      const head = await headOf(store.log, tenant);
      const gap = newEntry(tenant, "a gap");
      const asked = { tenant, from: head, end: signed, epoch: 5, gap, atMs: startMs };
      expect(await store.log.reopen({ ...asked, from: signed })).toBeNull();
      expect(await store.log.reopen({ ...asked, from: null })).toBeNull();
      const done = await Promise.all([store.log.reopen(asked), peer.log.reopen(asked)]);
      expect(done.filter((cursor) => cursor !== null)).toEqual([signed.cursor + 1n]);

      const heads = await store.log.heads(tenant);
      expect(heads).toMatchObject([
        { epoch: 5, size: 0, start: signed.cursor, cursor: signed.cursor, isOpen: true },
        { epoch: 1, size: 2, cursor: signed.cursor, isOpen: false, signed: { size: 2 } },
      ]);
      expect(await store.log.integrate(await toChange(store, tenant))).toBe(true);
      const leaf = async (id: EntryId) => (await locate(store, tenant, id))?.leaf;
      expect(await leaf(ids[1]!)).toEqual({ epoch: 1, index: 1 });
      expect(await leaf(gap.id)).toEqual({ epoch: 5, index: 0 });
      expect(await leaf(ids[2]!)).toEqual({ epoch: 5, index: 1 });
      expect(await leaf(ids[259]!)).toEqual({ epoch: 5, index: 258 });
    });

    test("opens where the database knows of none", async () => {
      const { store } = under();
      const tenant = newTenant();
      const [id] = await write(store, tenant, 1);
      const gap = newEntry(tenant, "a gap");
      const end = { size: 0, root: toHash(0), cursor: 0n };
      const asked = { tenant, from: null, end, epoch: 3, gap, atMs: startMs };
      expect(await store.log.reopen(asked)).toBe(1n);
      await store.log.integrate(await toChange(store, tenant));
      expect((await locate(store, tenant, gap.id))?.leaf).toEqual({ epoch: 3, index: 0 });
      expect((await locate(store, tenant, id!))?.leaf).toEqual({ epoch: 3, index: 1 });
    });

    test("opens behind an epoch that nobody signed, and there is an end to that", async () => {
      const { store } = under();
      const tenant = newTenant();
      const gaps: EntryId[] = [];
      let from: LogHead | null = null;
      for (let epoch = 2; epoch < 17; epoch += 1) {
        const gap = newEntry(tenant, "a gap");
        const end = { size: 0, root: toHash(0), cursor: from?.start ?? 0n };
        const asked = { tenant, from, end, epoch, gap, atMs: startMs };
        expect(await store.log.reopen(asked)).toBe(BigInt(epoch - 1));
        from = await headOf(store.log, tenant);
        gaps.push(gap.id);
      }
      const gap = newEntry(tenant, "a gap");
      const end = { size: 0, root: toHash(0), cursor: from!.start };
      const again = store.log.reopen({ tenant, from, end, epoch: 17, gap, atMs: startMs });
      await expect(again).rejects.toMatchObject({ code: "store_busy" });
      expect(await headOf(store.log, tenant)).toMatchObject({ epoch: 16, isOpen: true });
      await write(store, tenant, 1);
      await store.log.integrate(await toChange(store, tenant));
      const leaf = async (id: EntryId) => (await locate(store, tenant, id))?.leaf;
      expect(await leaf(gaps.at(-1)!)).toEqual({ epoch: 16, index: 0 });
      expect(await leaf(gaps[0]!)).toBeNull();
    });
  });
}

function describeReplicas(under: () => StoreUnderTest): void {
  describe("replicas", () => {
    test("beat, leave, and are buried once, with what is said of them", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      const row = { id: newEntryId(), durableToMs: startMs, beatAtMs: startMs + 10 };
      const read = async () =>
        (await store.replicas.list(10_000)).find(({ id }) => id === row.id) ?? null;
      await store.replicas.beat(row);
      const later = { ...row, durableToMs: startMs + 5, beatAtMs: startMs + 1_010 };
      await store.replicas.beat(later);
      expect(await read()).toEqual(later);
      const gap = newEntry(tenant, "a gap");
      expect(await store.replicas.bury(row, [gap])).toBe(false);
      expect(await store.entries.get(tenant, gap.id)).toBeNull();
      const done = await Promise.all([store, peer].map((each) => each.replicas.bury(later, [gap])));
      expect(done.filter(Boolean)).toHaveLength(1);
      expect(await store.entries.get(tenant, gap.id)).not.toBeNull();
      expect(await store.entries.page(tenant, { after: 0n, limit: 10 })).toHaveLength(1);
      expect(await read()).toBeNull();
      await store.replicas.beat(later);
      await store.replicas.leave(row.id);
      expect(await read()).toBeNull();
    });
  });
}
