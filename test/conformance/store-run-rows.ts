import { describe, expect, test } from "vitest";
import type { Digest, RunId, TenantId } from "../../src/model/index.ts";
import { runStates, type RunState } from "../../src/model/run-states.ts";
import type { RunAbout, RunBlob, RunDraft } from "../../src/ports/run-rows.ts";
import { storeLimits } from "../../src/ports/store-limits.ts";
import type { Append, Store } from "../../src/ports/store.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import {
  newDigest,
  newRun,
  newTenant,
  startMs,
  startRun,
  toBytes,
  toText,
} from "./store-values.ts";

const invalid = { code: "payload_invalid" };
const tooLarge = { code: "payload_too_large" };
const everyState = Object.keys(runStates.moves) as RunState[];

function newAbout(changes: Partial<RunAbout> = {}): RunAbout {
  return { agent: "clerk", subject: "user\nann", parent: null, createdAtMs: startMs, ...changes };
}

async function startTold(
  store: Store,
  tenant: TenantId,
  changes: Partial<RunDraft> = {},
): Promise<RunId> {
  const run = newRun();
  await store.runs.create({ run, tenant, events: [], about: newAbout(), ...changes });
  return run;
}

const newBlob = (text: string): RunBlob => ({ id: newDigest(), bytes: toBytes(text) });

async function readBlobs(
  store: Store,
  run: RunId,
  ids: readonly Digest[],
): Promise<(string | null)[]> {
  const found = await store.runs.blobs(run, ids);
  return ids.map((id) => (found.has(id) ? toText(found.get(id)!) : null));
}

function end(store: Store, run: RunId, changes: Partial<Append> = {}) {
  const append = { run, epoch: 0, head: 0, events: [toBytes("ended")], ended: true, ...changes };
  return store.commit({ append });
}

export function describeRunRows(under: () => StoreUnderTest): void {
  describe("runs for whoever lists them", () => {
    test("are told by tenant, state, agent and parent, newest first, in pages", async () => {
      const { store } = under();
      const tenant = newTenant();
      const first = await startTold(store, tenant);
      const second = await startTold(store, tenant, { about: newAbout({ agent: "cook" }) });
      const third = await startTold(store, tenant, { about: newAbout({ parent: first }) });
      const fourth = newRun();
      await store.runs.create({ run: fourth, tenant, events: [], state: "running" });
      await startTold(store, newTenant(), { about: newAbout({ parent: first }) });
      const ids = async (query: object) =>
        (await store.runs.list(tenant, { limit: 10, ...query })).map(({ run }) => run);
      expect(await ids({})).toEqual([fourth, third, second, first]);
      expect(await ids({ limit: 2 })).toEqual([fourth, third]);
      expect(await ids({ limit: 2, before: third })).toEqual([second, first]);
      expect(await ids({ agent: "clerk" })).toEqual([third, first]);
      expect(await ids({ agent: "clerk", parent: first })).toEqual([third]);
      expect(await ids({ parent: second })).toEqual([]);
      expect(await ids({ state: "queued" })).toEqual([third, second, first]);
      expect(await ids({ state: "running", before: fourth })).toEqual([]);
      expect(await store.runs.list(newTenant(), { limit: 10 })).toEqual([]);
      const [row] = await store.runs.list(tenant, { limit: 1, before: fourth });
      const head = await store.runs.get(third);
      const told = { about: newAbout({ parent: first }), endedAtMs: null };
      const gist = { steps: 0, why: null, micros: 0, tokens: 0 };
      expect(row).toEqual({ ...head, ...told, state: "queued", gist });
      const [untold] = await store.runs.list(tenant, { limit: 1 });
      expect(untold).toMatchObject({ about: null, state: "running" });
    });

    test("are told by who started them, of one tenant alone", async () => {
      const { store } = under();
      const tenant = newTenant();
      const bob = { about: newAbout({ subject: "user\nbob" }) };
      const first = await startTold(store, tenant);
      await startTold(store, tenant, bob);
      const third = await startTold(store, tenant);
      await store.runs.create({ run: newRun(), tenant, events: [] });
      await startTold(store, newTenant());
      const ids = async (query: object) =>
        (await store.runs.list(tenant, { limit: 10, subject: "user\nann", ...query })).map(
          ({ run }) => run,
        );
      expect(await ids({})).toEqual([third, first]);
      expect(await ids({ limit: 1 })).toEqual([third]);
      expect(await ids({ limit: 1, before: third })).toEqual([first]);
      expect(await ids({ agent: "cook" })).toEqual([]);
      expect(await ids({ subject: "ann" })).toEqual([]);
    });

    test("are in the state that the last append said, if it said one", async () => {
      const { store } = under();
      const tenant = newTenant();
      const run = await startTold(store, tenant);
      const state = async () => (await store.runs.list(tenant, { limit: 1 }))[0]?.state;
      expect(await state()).toBe("queued");
      for (const [head, said] of everyState.entries()) {
        const append = { run, epoch: 0, head, events: [toBytes("e")], state: said };
        // Beside a blob it goes another way than alone, and with a wake yet another.
        if (head % 3 === 1) Object.assign(append, { blobs: [newBlob("b")] });
        if (head % 3 === 2) Object.assign(append, { wakeAtMs: 5_000_000 + head });
        expect(await store.commit({ append })).toMatchObject({ kind: "committed" });
        expect(await state()).toBe(said);
      }
      const head = everyState.length;
      await store.commit({ append: { run, epoch: 0, head, events: [toBytes("e")] } });
      expect(await state()).toBe(everyState.at(-1));
      const stale = { run, epoch: 0, head: 1, events: [toBytes("e")], state: "running" } as const;
      expect(await store.commit({ append: stale })).toMatchObject({ kind: "fenced" });
      expect(await state()).toBe(everyState.at(-1));
      await store.runs.setTimer(run, 1, { replace: true });
      await store.runs.wakeDue(1, 1_000);
    });

    test("many that say their state in one batch keep to their own", async () => {
      const { store } = under();
      const tenant = newTenant();
      const runs = await Promise.all(everyState.map(() => startTold(store, tenant)));
      await Promise.all(
        runs.map((run, index) => {
          const append = { run, epoch: 0, head: 0, events: [toBytes("a"), toBytes("b")] };
          return store.commit({ append: { ...append, state: everyState[index]! } });
        }),
      );
      const rows = await store.runs.list(tenant, { limit: 100 });
      expect(rows.map(({ run, state }) => [run, state])).toEqual(
        runs.map((run, index) => [run, everyState[index]]).toReversed(),
      );
    });
  });

  describe("heads of runs", () => {
    test("are those of all that are there, whosever they are, each once", async () => {
      const { store, peer } = under();
      const [one, other] = [await startTold(store, newTenant()), await startRun(store)];
      await end(store, one);
      const asked = [one, newRun(), other, one];
      const heads = new Map((await peer.runs.heads(asked)).map((head) => [head.run, head]));
      expect(await peer.runs.heads(asked)).toHaveLength(2);
      expect(heads.get(one)).toMatchObject({ head: 1, ended: true });
      for (const run of [one, other]) expect(heads.get(run)).toEqual(await store.runs.get(run));
      expect(await store.runs.heads([])).toEqual([]);
    });

    test("of a whole page are read at once; of more, and of no id, none", async () => {
      const { store } = under();
      const tenant = newTenant();
      const runs = await Promise.all(Array.from({ length: 20 }, () => startTold(store, tenant)));
      const page = [...runs];
      while (page.length < storeLimits.rowsPerPage) page.push(newRun());
      expect((await store.runs.heads(page)).map(({ run }) => run).toSorted()).toEqual(
        runs.toSorted(),
      );
      await expect(store.runs.heads([...page, newRun()])).rejects.toMatchObject(tooLarge);
      const wrong = [runs[0]!, "x" as RunId];
      await expect(store.runs.heads(wrong)).rejects.toMatchObject(invalid);
    });
  });

  describe("keys of runs", () => {
    test("stand for one run of a tenant, however often it is asked for", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      const key = { hash: newDigest(), fingerprint: newDigest() };
      const drafts = [0, 1, 2, 3].map(() => ({ run: newRun(), tenant, events: [], key }));
      const made = await Promise.all(
        drafts.map((draft, index) => (index % 2 === 0 ? store : peer).runs.create(draft)),
      );
      expect(made.toSorted()).toEqual(["created", "exists", "exists", "exists"]);
      const run = drafts[made.indexOf("created")]!.run;
      expect(await store.runs.byKey(tenant, key.hash)).toEqual({
        run,
        fingerprint: key.fingerprint,
      });
      const there = await Promise.all(drafts.map((draft) => store.runs.get(draft.run)));
      expect(there.filter((head) => head !== null)).toHaveLength(1);
      expect(await store.runs.byKey(newTenant(), key.hash)).toBeNull();
      expect(await store.runs.byKey(tenant, newDigest())).toBeNull();
      const other = { run: newRun(), tenant: newTenant(), events: [], key };
      expect(await store.runs.create(other)).toBe("created");
    });

    test("are free again when their run was not made, or was removed", async () => {
      const { store, breakEnlist } = under();
      const tenant = newTenant();
      const key = { hash: newDigest(), fingerprint: newDigest() };
      const draft = { run: newRun(), tenant, events: [], key };
      await breakEnlist(true);
      const broken = store.runs.create({ ...draft, wake: true });
      await expect(broken).rejects.toThrow("broken");
      await breakEnlist(false);
      expect(await store.runs.byKey(tenant, key.hash)).toBeNull();
      const taken = { run: await startRun(store, tenant), tenant, events: [], key };
      expect(await store.runs.create(taken)).toBe("exists");
      expect(await store.runs.byKey(tenant, key.hash)).toBeNull();
      expect(await store.runs.create(draft)).toBe("created");
      await end(store, draft.run);
      expect(await store.runs.remove(draft.run)).toBe(true);
      expect(await store.runs.create({ ...draft, run: newRun() })).toBe("created");
    });
  });

  describeRunBlobs(under);
  describeRemoval(under);
}

function describeRunBlobs(under: () => StoreUnderTest): void {
  describe("blobs of runs", () => {
    test("come with a draft and with appends, and the first bytes of an id stay", async () => {
      const { store } = under();
      const [first, second] = [newBlob("first"), newBlob("")];
      const run = await startTold(store, newTenant(), { blobs: [first] });
      const blobs = [second, { ...first, bytes: toBytes("other") }, second];
      const append = { run, epoch: 0, head: 0, events: [toBytes("a"), toBytes("b")], blobs };
      expect(await store.commit({ append })).toEqual({ kind: "committed", head: 2 });
      const ids = [first.id, second.id, newDigest()];
      expect(await readBlobs(store, run, ids)).toEqual(["first", "", null]);
      expect(await readBlobs(store, await startRun(store), ids)).toEqual([null, null, null]);
      expect(await readBlobs(store, newRun(), ids)).toEqual([null, null, null]);
      expect(await readBlobs(store, run, [])).toEqual([]);
    });

    test("of many runs in one batch each lie with their own, those of losers nowhere", async () => {
      const { store } = under();
      const tenant = newTenant();
      const runs = await Promise.all(Array.from({ length: 60 }, () => startTold(store, tenant)));
      const blobs = runs.map((_, index) =>
        Array.from({ length: index % 4 }, (__, place) => newBlob(`${index} ${place}`)),
      );
      const outcomes = await Promise.all(
        runs.map((run, index) => {
          const events = Array.from({ length: 1 + (index % 3) }, () => toBytes("e"));
          const append = { run, epoch: 0, head: index % 5 === 0 ? 7 : 0, events };
          const entries =
            index % 2 === 0 ? [{ id: newRun() as never, tenant, bytes: toBytes("n") }] : [];
          return store.commit({ append: { ...append, blobs: blobs[index]! }, entries });
        }),
      );
      for (const [index, run] of runs.entries()) {
        const lost = index % 5 === 0;
        expect(outcomes[index]?.kind).toBe(lost ? "fenced" : "committed");
        const ids = blobs.flat().map(({ id }) => id);
        const found = await store.runs.blobs(run, ids);
        const expected = lost ? [] : blobs[index]!.map(({ id }) => id);
        expect(new Set(found.keys())).toEqual(new Set(expected));
        for (const { id, bytes } of lost ? [] : blobs[index]!) {
          expect(Buffer.from(found.get(id)!).equals(bytes)).toBe(true);
        }
      }
    });

    test("are copied for a fork within one tenant, and what is there stays", async () => {
      const { store } = under();
      const tenant = newTenant();
      const [first, second] = [newBlob("first"), newBlob("second")];
      const from = await startTold(store, tenant, { blobs: [first, second] });
      const changed = { ...second, bytes: toBytes("its own") };
      const to = await startTold(store, tenant, { blobs: [changed] });
      const foreign = await startTold(store, newTenant());
      await store.runs.copyBlobs(from, to);
      await store.runs.copyBlobs(from, to);
      await store.runs.copyBlobs(from, foreign);
      await store.runs.copyBlobs(from, newRun());
      await store.runs.copyBlobs(newRun(), to);
      const ids = [first.id, second.id];
      expect(await readBlobs(store, to, ids)).toEqual(["first", "its own"]);
      expect(await readBlobs(store, foreign, ids)).toEqual([null, null]);
    });

    test("that are too many, too large or no digest are refused with their unit", async () => {
      const { store } = under();
      const run = await startTold(store, newTenant());
      const commit = (blobs: readonly RunBlob[]) =>
        store.commit({ append: { run, epoch: 0, head: 0, events: [toBytes("e")], blobs } });
      const many = Array.from({ length: storeLimits.blobsPerUnit + 1 }, () => newBlob("b"));
      const large = { id: newDigest(), bytes: new Uint8Array(storeLimits.payloadBytes + 1) };
      const full = { id: newDigest(), bytes: new Uint8Array(storeLimits.payloadBytes) };
      await expect(commit(many)).rejects.toMatchObject(tooLarge);
      await expect(commit([large])).rejects.toMatchObject(tooLarge);
      await expect(commit(Array.from({ length: 5 }, () => full))).rejects.toMatchObject(tooLarge);
      const wrong = { id: "sha256:1" as Digest, bytes: toBytes("b") };
      await expect(commit([wrong])).rejects.toMatchObject(invalid);
      await expect(store.runs.blobs(run, ["x" as Digest])).rejects.toMatchObject(invalid);
      expect(await store.runs.get(run)).toMatchObject({ head: 0 });
    });
  });

  describe("snapshots", () => {
    test("the latest is kept, whichever comes last", async () => {
      const { store } = under();
      const run = await startRun(store);
      expect(await store.runs.snapshot(run)).toBeNull();
      await store.runs.keepSnapshot(run, { seq: 4, bytes: toBytes("four") });
      await store.runs.keepSnapshot(run, { seq: 3, bytes: toBytes("three") });
      await store.runs.keepSnapshot(run, { seq: 4, bytes: toBytes("four again") });
      const read = async () => {
        const found = await store.runs.snapshot(run);
        return found === null ? null : [found.seq, toText(found.bytes)];
      };
      expect(await read()).toEqual([4, "four"]);
      await store.runs.keepSnapshot(run, { seq: 9, bytes: toBytes("nine") });
      expect(await read()).toEqual([9, "nine"]);
      const large = { seq: 10, bytes: new Uint8Array(storeLimits.payloadBytes + 1) };
      await expect(store.runs.keepSnapshot(run, large)).rejects.toMatchObject(tooLarge);
    });

    test("of a run that is not there are not kept", async () => {
      const { store } = under();
      const run = newRun();
      await store.runs.keepSnapshot(run, { seq: 1, bytes: toBytes("one") });
      expect(await store.runs.snapshot(run)).toBeNull();
    });
  });
}

function describeRemoval(under: () => StoreUnderTest): void {
  describe("ended runs", () => {
    test("are listed from when they ended, the oldest first", async () => {
      const { store } = under();
      const tenant = newTenant();
      const runs: RunId[] = [];
      for (let made = 0; made < 4; made += 1) runs.push(await startTold(store, tenant));
      const [a, b, c, d] = runs as [RunId, RunId, RunId, RunId];
      await end(store, a, { endedAtMs: 30 });
      await end(store, b, { endedAtMs: 10, blobs: [newBlob("b")], wakeAtMs: 7 });
      await end(store, c, { endedAtMs: 20 });
      // Nobody said when: no listing has it.
      await end(store, d);
      expect(await store.runs.listEnded(30, 10)).toEqual([b, c]);
      expect(await store.runs.listEnded(31, 2)).toEqual([b, c]);
      expect(await store.runs.listEnded(31, 10)).toEqual([b, c, a]);
      expect(await store.runs.get(b)).toMatchObject({ wakeAtMs: null, ended: true });
      for (const run of runs) expect(await store.runs.remove(run)).toBe(true);
      expect(await store.runs.listEnded(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
      const going = await startTold(store, tenant);
      await expect(end(store, going, { ended: false, endedAtMs: 1 })).rejects.toMatchObject(
        invalid,
      );
    });

    test("are not listed before the run that asked for them has ended: it may not have read them", async () => {
      const { store } = under();
      const tenant = newTenant();
      const parent = await startTold(store, tenant);
      const below = (of: RunId) => startTold(store, tenant, { about: newAbout({ parent: of }) });
      const [child, orphan] = [await below(parent), await below(newRun())];
      await end(store, child, { endedAtMs: 1 });
      await end(store, orphan, { endedAtMs: 2 });
      expect(await store.runs.listEnded(9, 10)).toEqual([orphan]);
      await end(store, parent, { endedAtMs: 3 });
      expect(await store.runs.listEnded(9, 10)).toEqual([child, orphan, parent]);
      for (const run of [child, orphan, parent]) await store.runs.remove(run);
    });

    test("are removed with everything that is theirs, others never", async () => {
      const { store } = under();
      const tenant = newTenant();
      const [blob, key] = [newBlob("b"), { hash: newDigest(), fingerprint: newDigest() }];
      const run = await startTold(store, tenant, { key, blobs: [blob] });
      const beside = await startTold(store, tenant, { blobs: [blob] });
      const caps = { micros: 5, tokens: null, calls: null };
      const spent = { micros: 0, tokens: 0, calls: 0 };
      await store.runBudgets.open(run, { tenant, caps, spent });
      await store.runBudgets.hold({ root: run, run: beside, slot: "s", amounts: spent });
      await store.runs.keepSnapshot(run, { seq: 1, bytes: toBytes("s") });
      await store.runs.post({ run, tenant, payload: toBytes("l") });
      expect(await store.runs.remove(run)).toBe(false);
      expect(await store.runs.remove(newRun())).toBe(false);
      await end(store, run);
      expect(await store.runs.remove(run)).toBe(true);
      expect(await store.runs.remove(run)).toBe(false);
      const page = { after: 0, limit: 10 };
      expect(await store.runs.get(run)).toBeNull();
      expect(await store.runs.read(run, page)).toEqual([]);
      expect(await store.runs.letters(run, page)).toEqual([]);
      expect(await store.runs.snapshot(run)).toBeNull();
      expect(await store.runs.byKey(tenant, key.hash)).toBeNull();
      expect(await store.runBudgets.read(run)).toBeNull();
      expect(await readBlobs(store, run, [blob.id])).toEqual([null]);
      expect(await readBlobs(store, beside, [blob.id])).toEqual(["b"]);
      expect((await store.runs.list(tenant, { limit: 10 })).map((row) => row.run)).toEqual([
        beside,
      ]);
    });
  });
}
