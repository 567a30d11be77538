import { describe, expect, test } from "vitest";
import type { RunId } from "../../src/model/index.ts";
import type { TraceKey } from "../../src/ports/trace-rows.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newRun, newTenant, startMs, startRun, toBytes } from "./store-values.ts";

const leaseMs = 60_000;

/** How far each destination of traces has come. */
export function describeTraces(under: () => StoreUnderTest): void {
  describe("traces", () => {
    const toKey = (owner = "one"): TraceKey => ({
      tenant: newTenant(),
      destination: "phoenix",
      owner,
    });
    const take = (key: TraceKey, nowMs = startMs) =>
      under().store.traces.take({ ...key, nowMs, untilMs: nowMs + leaseMs });
    const mark = (run: RunId, seen: number, sent: number, root = run) => ({
      run,
      root,
      seen,
      sent,
    });
    const page = { sinceMs: startMs, after: null, limit: 10 };

    test("one process has a destination at a time, and another one once its time is over", async () => {
      const { traces } = under().store;
      const key = toKey();
      const other = { ...key, owner: "two" };
      expect(await take(key)).toEqual({ sinceMs: startMs, entries: null });
      expect(await take(other, startMs + leaseMs - 1)).toBeNull();
      expect(await traces.moveEntries(other, 16n)).toBe(false);
      expect(await traces.moveEntries(key, 160n)).toBe(true);
      expect(await take(key, startMs + 5)).toEqual({ sinceMs: startMs, entries: 160n });
      expect(await take(other, startMs + 5 + leaseMs)).toEqual({ sinceMs: startMs, entries: 160n });
      expect(await traces.moveEntries(key, 320n)).toBe(false);
      expect(await traces.moveSince(key, startMs + 1)).toBe(false);
      expect(await traces.noteRun(key, mark(newRun(), 1, 1))).toBe(false);
      await traces.leave(key);
      expect(await take(key, startMs + 6 + leaseMs)).toBeNull();
      await traces.leave(other);
      expect(await take(key, startMs + 6 + leaseMs)).not.toBeNull();
      // Another tenant's of the same name is another one.
      expect(await take({ ...key, tenant: newTenant(), owner: "three" })).not.toBeNull();
    });

    test("a run is due as long as it has events that were not seen", async () => {
      const { store } = under();
      const { traces } = store;
      const key = toKey();
      await take(key);
      const first = await startRun(store, key.tenant);
      const second = await startRun(store, key.tenant);
      await startRun(store);
      const due = (after: typeof first | null = null) => traces.listDue(key, { ...page, after });
      expect(await due()).toEqual([
        { run: first, head: 1 },
        { run: second, head: 1 },
      ]);
      expect(await due(first)).toEqual([{ run: second, head: 1 }]);
      expect(await traces.listDue(key, { ...page, limit: 1 })).toHaveLength(1);
      expect(await traces.noteRun(key, mark(first, 1, 0))).toBe(true);
      expect(await due()).toEqual([{ run: second, head: 1 }]);
      await store.commit({ append: { run: first, epoch: 1, head: 1, events: [toBytes("more")] } });
      expect(await due()).toContainEqual({ run: first, head: 2 });
      await traces.noteRun(key, mark(first, 2, 2));
      // Neither goes back.
      await traces.noteRun(key, mark(first, 1, 0));
      expect(await traces.readRuns(key, [first, second])).toEqual([mark(first, 2, 2)]);
      // Each destination has come as far as it has come.
      const elsewhere = { ...key, destination: "langfuse" };
      await take(elsewhere);
      expect(await traces.listDue(elsewhere, page)).toHaveLength(2);
    });

    test("a run that has ended is looked at since then, and is forgotten with what ended before", async () => {
      const { store } = under();
      const { traces } = store;
      const key = toKey();
      await take(key);
      const run = await startRun(store, key.tenant);
      await store.commit({
        append: {
          run,
          epoch: 1,
          head: 1,
          events: [toBytes("the end")],
          ended: true,
          endedAtMs: startMs + 100,
          state: "completed",
        },
      });
      const since = (sinceMs: number) => traces.listDue(key, { ...page, sinceMs });
      expect(await since(startMs + 100)).toEqual([{ run, head: 2 }]);
      expect(await since(startMs + 101)).toEqual([]);
      await traces.noteRun(key, mark(run, 2, 2));
      expect(await traces.moveSince(key, startMs + 100)).toBe(true);
      expect(await traces.readRuns(key, [run])).toHaveLength(1);
      expect(await traces.moveSince(key, startMs + 101)).toBe(true);
      expect(await traces.readRuns(key, [run])).toEqual([]);
      expect(await take(key, startMs + 1)).toEqual({ sinceMs: startMs + 101, entries: null });
      // What is known of a tree is kept as long as one of its runs goes on.
      const other = await startRun(store, key.tenant);
      await traces.noteRun(key, mark(run, 2, 2));
      await traces.noteRun(key, mark(other, 1, 1, run));
      await traces.moveSince(key, startMs + 102);
      expect(await traces.readRuns(key, [run])).toEqual([mark(run, 2, 2)]);
    });

    test("a destination that nobody takes any more is swept with its runs", async () => {
      const { store } = under();
      const { traces } = store;
      const key = toKey();
      // Long before those of other tests.
      const nowMs = startMs - 1_000 * leaseMs;
      await take(key, nowMs);
      const run = await startRun(store, key.tenant);
      await traces.noteRun(key, mark(run, 1, 1));
      expect(await traces.sweep(nowMs + leaseMs)).toBe(0);
      expect(await traces.sweep(nowMs + leaseMs + 1)).toBe(1);
      expect(await traces.readRuns(key, [run])).toEqual([]);
      expect(await take(key, startMs)).toEqual({ sinceMs: startMs, entries: null });
    });
  });
}
