import { describe, expect, test } from "vitest";
import type { RunId, TenantId } from "../../src/model/index.ts";
import type { RunState } from "../../src/model/run-states.ts";
import { toDay, type CompletionCost, type Cost } from "../../src/ports/cost-rows.ts";
import type { RunAbout, RunGist } from "../../src/ports/run-rows.ts";
import type { Append, Store } from "../../src/ports/store.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newDigest, newEntryId, newRun, newTenant, startMs, toBytes } from "./store-values.ts";

const today = toDay(startMs);
const range = { fromDay: today - 29, toDay: today + 1, mostRows: 1_000 };
const ann = "user\nann";

function newCost(changes: Partial<Cost> = {}): Cost {
  return { day: today, kind: "model", name: "large", micros: 30, tokens: 100, ...changes };
}

async function startTold(store: Store, tenant: TenantId, about: Partial<RunAbout> = {}) {
  const run = newRun();
  const told = { agent: "clerk", subject: ann, parent: null, createdAtMs: startMs, ...about };
  await store.runs.create({ run, tenant, events: [], about: told });
  return run;
}

function append(store: Store, run: RunId, says: Partial<Append> = {}) {
  return store.commit({ append: { run, epoch: 0, head: 0, events: [toBytes("e")], ...says } });
}

function newCompletion(tenant: TenantId, changes: Partial<CompletionCost> = {}): CompletionCost {
  const entry = newEntryId();
  const whose = { entry, tenant, agent: null, subject: "service\nbot", isUnknown: false };
  return { ...newCost({ name: "small", micros: 7, tokens: 9 }), ...whose, ...changes };
}

export function describeCosts(under: () => StoreUnderTest): void {
  describe("what was spent", () => {
    test("is written with the events that it is of, or not at all", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      const run = await startTold(store, tenant);
      const tool = newCost({ kind: "tool", name: "bank__pay", micros: 500, tokens: 0 });
      await append(store, run, { costs: [newCost(), tool] });
      // Alone, beside a blob, and in one batch with another run's: each way adds to its sum.
      const blobs = [{ id: newDigest(), bytes: toBytes("b") }];
      await append(store, run, { head: 1, costs: [newCost({ micros: 5, tokens: 1 })], blobs });
      const other = await startTold(store, tenant, { agent: "cook", subject: "user\nbob" });
      const yesterday = newCost({ day: today - 1, micros: 2, tokens: 2 });
      await Promise.all([
        append(store, run, { head: 2, events: [toBytes("a"), toBytes("b")], costs: [yesterday] }),
        append(store, other, { costs: [newCost({ name: null, micros: 1, tokens: 1 })] }),
        append(store, await startTold(store, newTenant()), { costs: [newCost()] }),
      ]);
      expect(await append(store, run, { head: 1, costs: [newCost()] })).toMatchObject({
        kind: "fenced",
      });
      const sums = await peer.costs.read(tenant, range);
      expect(sums).toEqual({
        total: { micros: 538, tokens: 104 },
        ofRuns: { micros: 538, tokens: 104 },
        unknown: 0,
        days: [
          { day: today, micros: 536, tokens: 102 },
          { day: today - 1, micros: 2, tokens: 2 },
        ],
        agents: [
          { name: "clerk", micros: 537, tokens: 103 },
          { name: "cook", micros: 1, tokens: 1 },
        ],
        subjects: [
          { name: ann, micros: 537, tokens: 103 },
          { name: "user\nbob", micros: 1, tokens: 1 },
        ],
        sources: [
          { kind: "tool", name: "bank__pay", micros: 500, tokens: 0 },
          { kind: "model", name: "large", micros: 37, tokens: 103 },
          { kind: "model", name: null, micros: 1, tokens: 1 },
        ],
        runs: [
          { run, agent: "clerk", micros: 537, tokens: 103 },
          { run: other, agent: "cook", micros: 1, tokens: 1 },
        ],
        fromDay: range.fromDay,
        oldestDay: today - 1,
      });
      const [first] = await store.runs.list(tenant, { limit: 1, before: other });
      expect(first).toMatchObject({ run, head: 4 });
    });

    test("outside of runs counts once, and what it cost may be unknown", async () => {
      const { costs } = under().store;
      const tenant = newTenant();
      const known = newCompletion(tenant);
      await costs.add(known);
      await costs.add({ ...known, micros: 900 });
      await costs.add(newCompletion(tenant, { micros: 0, tokens: 4, isUnknown: true }));
      const { total, ofRuns, unknown, runs } = await costs.read(tenant, range);
      expect({ total, ofRuns, unknown, runs }).toEqual({
        total: { micros: 7, tokens: 13 },
        ofRuns: { micros: 0, tokens: 0 },
        unknown: 1,
        runs: [],
      });
    });

    test("beyond what a number holds exactly a sum says no more than that", async () => {
      const { store } = under();
      const tenant = newTenant();
      const most = { micros: Number.MAX_SAFE_INTEGER, tokens: Number.MAX_SAFE_INTEGER };
      for (const name of ["a", "b"])
        await store.costs.add(newCompletion(tenant, { ...most, name }));
      await append(store, await startTold(store, tenant), { costs: [newCost(most)] });
      const { total, days, ofRuns } = await store.costs.read(tenant, range);
      expect([total, ofRuns, days]).toEqual([most, most, [{ day: today, ...most }]]);
    });

    test("is summed over whole days: one that the bound cuts is left out", async () => {
      const { costs } = under().store;
      const tenant = newTenant();
      for (const back of [0, 0, 1, 1, 2, 40])
        await costs.add(newCompletion(tenant, { day: today - back }));
      const read = (mostRows: number) => costs.read(tenant, { ...range, mostRows });
      expect(await read(5)).toMatchObject({ fromDay: range.fromDay, total: { micros: 35 } });
      expect(await read(4)).toMatchObject({ fromDay: today - 1, total: { micros: 28 } });
      expect(await read(3)).toMatchObject({ fromDay: today, oldestDay: today - 40 });
      expect(await read(1)).toMatchObject({ fromDay: today + 1, total: { micros: 0 }, days: [] });
      expect(await costs.read(newTenant(), range)).toMatchObject({ oldestDay: null, agents: [] });
    });

    test("stays when the person is erased, and goes with its day", async () => {
      const { costs } = under().store;
      const tenant = newTenant();
      const old = Array.from({ length: 3 }, () => newCompletion(tenant, { day: 3, subject: ann }));
      for (const each of old) await costs.add(each);
      await costs.add(newCompletion(tenant));
      expect(await costs.erase(tenant, ann, 2)).toBe(2);
      expect(await costs.erase(tenant, ann, 2)).toBe(1);
      expect(await costs.erase(tenant, ann, 2)).toBe(0);
      const { subjects } = await costs.read(tenant, { ...range, fromDay: 0 });
      expect(subjects.map(({ name, micros }) => [name, micros])).toEqual([
        [null, 21],
        ["service\nbot", 7],
      ]);
      while ((await costs.sweep(4, 2)) > 0);
      const { oldestDay, total } = await costs.read(tenant, { ...range, fromDay: 0 });
      expect([oldestDay, total.micros]).toEqual([today, 7]);
    });

    test.each<[string, Partial<Append>]>([
      ["less than nothing", { costs: [newCost({ micros: -1 })] }],
      ["half a token", { costs: [newCost({ tokens: 0.5 })] }],
      ["an empty name", { costs: [newCost({ name: "" })] }],
      ["the same twice", { costs: [newCost(), newCost()] }],
      ["nothing", { gist: { steps: 1, why: "", micros: 0, tokens: 0 } }],
      ["no steps", { gist: { steps: Number.NaN, why: null, micros: 0, tokens: 0 } }],
    ])("of %s is refused, and nothing of it is written", async (_, says) => {
      const { store } = under();
      const tenant = newTenant();
      const run = await startTold(store, tenant);
      await expect(append(store, run, says)).rejects.toMatchObject({ code: "payload_invalid" });
      expect(await store.runs.get(run)).toMatchObject({ head: 0 });
    });
  });

  describe("how a run stands", () => {
    test("is what its last append said of it", async () => {
      const { store } = under();
      const tenant = newTenant();
      const run = await startTold(store, tenant);
      const gist = async () => (await store.runs.list(tenant, { limit: 1 }))[0]!.gist;
      const none: RunGist = { steps: 0, why: null, micros: 0, tokens: 0 };
      expect(await gist()).toEqual(none);
      const waits = { steps: 1, why: "approval", micros: 12, tokens: 400 };
      await append(store, run, { state: "waiting", gist: waits });
      expect(await gist()).toEqual(waits);
      await append(store, run, { head: 1 });
      await append(store, run, { head: 2, blobs: [{ id: newDigest(), bytes: toBytes("b") }] });
      expect(await gist()).toEqual(waits);
      const goes = { ...waits, why: null, steps: 2 };
      const other = await startTold(store, newTenant());
      await Promise.all([
        append(store, other, { gist: { ...none, steps: 9 } }),
        append(store, run, { head: 3, events: [toBytes("a"), toBytes("b")], gist: goes }),
      ]);
      expect(await gist()).toEqual(goes);
    });

    test("is counted by state: of all, and of the newest of fewer", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      const states: RunState[] = ["running", "running", "running", "waiting"];
      const root = await startTold(store, tenant);
      for (const state of states) {
        const run = await startTold(store, tenant, { parent: root, agent: state });
        await append(store, run, { state });
      }
      const some = async (query: object, most = 10) => {
        const { states: found, isCut } = await peer.runs.count(tenant, { most, ...query });
        const there = Object.entries(found).filter(([, count]) => count > 0);
        return [Object.fromEntries(there), isCut];
      };
      expect(await some({})).toEqual([{ queued: 1, running: 3, waiting: 1 }, false]);
      expect(await some({}, 2)).toEqual([{ queued: 1, running: 2, waiting: 1 }, true]);
      expect(await some({ isTop: true })).toEqual([{ queued: 1 }, false]);
      expect(await some({ parent: root })).toEqual([{ running: 3, waiting: 1 }, false]);
      expect(await some({ agent: "running" }, 2)).toEqual([{ running: 2 }, true]);
      expect(await some({ subject: "user\nbob" })).toEqual([{}, false]);
    });

    test("is found by the beginning of its id, and as one that nobody's run asked for", async () => {
      const { store } = under();
      const tenant = newTenant();
      const root = await startTold(store, tenant);
      const below = await startTold(store, tenant, { parent: root });
      const ids = async (query: object) =>
        (await store.runs.list(tenant, { limit: 9, ...query })).map(({ run }) => run);
      expect(await ids({ isTop: true })).toEqual([root]);
      expect(await ids({ begins: below })).toEqual([below]);
      expect(await ids({ begins: below.slice(0, 5) })).toEqual([below, root]);
      expect(await ids({ begins: "ff" })).toEqual([]);
      for (const begins of ["", "0g", "0190-", `${below}0`, "019A"])
        await expect(ids({ begins })).rejects.toMatchObject({ code: "payload_invalid" });
    });

    test("counts as completed in the time in which it ended", async () => {
      const { store } = under();
      const tenant = newTenant();
      const root = await startTold(store, tenant);
      const end = async (state: RunState, endedAtMs: number, about: Partial<RunAbout> = {}) =>
        append(store, await startTold(store, tenant, about), { state, ended: true, endedAtMs });
      await end("completed", startMs);
      await end("completed", startMs + 10);
      await end("completed", startMs + 5, { parent: root });
      await end("failed", startMs + 5);
      const count = (fromMs: number, toMs: number, most = 9) =>
        store.runs.countCompleted(tenant, { fromMs, toMs, most });
      expect(await count(startMs, startMs + 11)).toBe(2);
      expect(await count(startMs, startMs + 10)).toBe(1);
      expect(await count(startMs, startMs + 11, 1)).toBe(1);
    });
  });
}
