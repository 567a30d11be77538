import { describe, expect, test } from "vitest";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newDigest, newRun, newTenant, startRun, toBytes, toTexts } from "./store-values.ts";

export function describeRuns(under: () => StoreUnderTest): void {
  describe("runs", () => {
    test("are made once, with their first events", async () => {
      const { store } = under();
      const [run, tenant] = [newRun(), newTenant()];
      const draft = { run, tenant, priority: 3, events: [toBytes("a"), toBytes("b")], wakeAtMs: 9 };
      const made = await Promise.all([1, 2, 3].map(() => store.runs.create(draft)));
      expect(made.toSorted()).toEqual(["created", "exists", "exists"]);
      expect(await store.runs.get(run)).toEqual({
        run,
        tenant,
        epoch: 0,
        head: 2,
        priority: 3,
        wakeAtMs: 9,
        ended: false,
        inbox: 0,
      });
      expect(toTexts(await store.runs.read(run, { after: 0, limit: 10 }))).toEqual(["a", "b"]);
    });

    test("are made together with their first wake, or not at all", async () => {
      const { store, readWakes, breakEnlist } = under();
      const draft = { run: newRun(), tenant: newTenant(), priority: 2, events: [], wake: true };
      await breakEnlist(true);
      const broken = store.runs.create(draft);
      await expect(broken).rejects.toThrow("broken");
      await breakEnlist(false);
      expect(await store.runs.get(draft.run)).toBeNull();
      expect(await store.runs.create(draft)).toBe("created");
      expect(await store.runs.create(draft)).toBe("exists");
      const wakes = (await readWakes()).filter((wake) => wake.run === draft.run);
      expect(wakes).toEqual([{ run: draft.run, tenant: draft.tenant, priority: 2 }]);
    });

    test("many that are made at once each have their own events, blobs, key and wake", async () => {
      const { store, readWakes } = under();
      const tenant = newTenant();
      const key = { hash: newDigest(), fingerprint: newDigest() };
      const drafts = Array.from({ length: 150 }, (_, index) => ({
        run: newRun(),
        tenant,
        priority: index,
        events: Array.from({ length: index % 3 }, (__, at) => toBytes(`${index}/${at}`)),
        blobs: index % 2 === 0 ? [{ id: newDigest(), bytes: toBytes(`blob ${index}`) }] : [],
        wake: index % 5 !== 0,
        ...(index < 40 ? { key } : {}),
      }));
      const outcomes = await Promise.all(drafts.map((draft) => store.runs.create(draft)));
      // Of those with one key, one.
      expect(outcomes.slice(0, 40).filter((outcome) => outcome === "created")).toHaveLength(1);
      expect(new Set(outcomes.slice(40))).toEqual(new Set(["created"]));
      const wakes = (await readWakes()).filter((wake) => wake.tenant === tenant);
      for (const [index, draft] of drafts.entries()) {
        const isMade = outcomes[index] === "created";
        const head = await store.runs.get(draft.run);
        expect(head?.head).toBe(isMade ? draft.events.length : undefined);
        const rows = await store.runs.read(draft.run, { after: 0, limit: 10 });
        const texts = draft.events.map((_, at) => `${index}/${at}`);
        expect(toTexts(rows)).toEqual(isMade ? texts : []);
        const ids = draft.blobs.map(({ id }) => id);
        const found = await store.runs.blobs(draft.run, ids);
        expect([...found.keys()]).toEqual(isMade ? ids : []);
        const woken = wakes.filter(({ run }) => run === draft.run).map(({ priority }) => priority);
        expect(woken).toEqual(isMade && draft.wake ? [draft.priority] : []);
      }
    });

    test("that are not there are null, and have no events", async () => {
      const { store } = under();
      const run = newRun();
      expect(await store.runs.get(run)).toBeNull();
      expect(await store.runs.take(run)).toBeNull();
      expect(await store.runs.read(run, { after: 0, limit: 10 })).toEqual([]);
      expect(await store.runs.setTimer(run, 5)).toBe(false);
    });

    test("taking raises the epoch, each time to another one", async () => {
      const { store } = under();
      const run = newRun();
      await store.runs.create({ run, tenant: newTenant(), events: [] });
      const heads = await Promise.all(Array.from({ length: 8 }, () => store.runs.take(run)));
      expect(new Set(heads.map((head) => head?.epoch))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
    });

    test("an ended run is taken as it is and has no timer", async () => {
      const { store } = under();
      const run = await startRun(store);
      const events = [toBytes("ended")];
      await store.commit({ append: { run, epoch: 1, head: 1, events, ended: true } });
      expect(await store.runs.take(run)).toMatchObject({ epoch: 1, ended: true });
      expect(await store.runs.setTimer(run, 5)).toBe(false);
    });

    test("events are read in pages", async () => {
      const { store } = under();
      const run = await startRun(store);
      const events = ["b", "c", "d", "e"].map(toBytes);
      await store.commit({ append: { run, epoch: 1, head: 1, events } });
      const page = async (after: number, limit: number) =>
        toTexts(await store.runs.read(run, { after, limit }));
      expect(await page(0, 2)).toEqual(["started", "b"]);
      expect(await page(2, 2)).toEqual(["c", "d"]);
      expect(await page(4, 2)).toEqual(["e"]);
      expect(await page(5, 2)).toEqual([]);
    });
  });

  describe("timers", () => {
    test("an earlier one wins unless it is to be replaced", async () => {
      const { store } = under();
      const run = await startRun(store);
      const timer = async () => (await store.runs.get(run))?.wakeAtMs;
      expect(await store.runs.setTimer(run, 5_000_000)).toBe(true);
      expect(await store.runs.setTimer(run, 6_000_000)).toBe(false);
      expect(await timer()).toBe(5_000_000);
      expect(await store.runs.setTimer(run, 5_000_000)).toBe(true);
      expect(await store.runs.setTimer(run, 4_000_000)).toBe(true);
      expect(await timer()).toBe(4_000_000);
      expect(await store.runs.setTimer(run, 7_000_000, { replace: true })).toBe(true);
      expect(await timer()).toBe(7_000_000);
      await store.runs.setTimer(run, 1, { replace: true });
      await clearTimers(under());
    });

    test("wake what is due, earliest first, within the limit, and clear themselves", async () => {
      const { store, readWakes } = under();
      await clearTimers(under());
      const tenant = newTenant();
      const runs = await Promise.all([1, 2, 3, 4].map(() => startRun(store, tenant)));
      for (const [index, run] of runs.entries()) {
        await store.runs.setTimer(run, [30, 10, 20, 40][index]!);
      }
      expect(await store.runs.wakeDue(9, 10)).toEqual({ woken: 0, nextAtMs: 10 });
      expect(await store.runs.wakeDue(35, 2)).toEqual({ woken: 2, nextAtMs: 30 });
      expect(await store.runs.wakeDue(35, 2)).toEqual({ woken: 1, nextAtMs: 40 });
      expect(await store.runs.wakeDue(35, 2)).toEqual({ woken: 0, nextAtMs: 40 });
      const woken = (await readWakes()).filter((wake) => wake.tenant === tenant);
      expect(new Set(woken.map((wake) => wake.run))).toEqual(new Set(runs.slice(0, 3)));
      expect(woken).toHaveLength(3);
      expect(await store.runs.wakeDue(40, 10)).toEqual({ woken: 1, nextAtMs: null });
    });

    test("stay set when the engine does not take the wake", async () => {
      const { store, breakEnlist } = under();
      await clearTimers(under());
      const run = await startRun(store);
      await store.runs.setTimer(run, 10);
      await breakEnlist(true);
      const broken = store.runs.wakeDue(10, 10);
      await expect(broken).rejects.toThrow("broken");
      await breakEnlist(false);
      expect(await store.runs.get(run)).toMatchObject({ wakeAtMs: 10 });
      expect(await store.runs.wakeDue(10, 10)).toEqual({ woken: 1, nextAtMs: null });
    });

    test("many that sweep at once wake each run once", async () => {
      const { store, readWakes } = under();
      await clearTimers(under());
      const tenant = newTenant();
      const runs = await Promise.all(Array.from({ length: 40 }, () => startRun(store, tenant)));
      await Promise.all(runs.map((run) => store.runs.setTimer(run, 10)));
      const sweeps = await Promise.all([1, 2, 3, 4].map(() => store.runs.wakeDue(10, 100)));
      expect(sweeps.reduce((sum, sweep) => sum + sweep.woken, 0)).toBe(40);
      const woken = (await readWakes()).filter((wake) => wake.tenant === tenant);
      expect(new Set(woken.map((wake) => wake.run)).size).toBe(40);
      expect(woken).toHaveLength(40);
    });
  });
}

/** Timers of other tests would be due as well. */
async function clearTimers({ store }: StoreUnderTest): Promise<void> {
  while ((await store.runs.wakeDue(Number.MAX_SAFE_INTEGER, 1_000)).woken > 0);
}
