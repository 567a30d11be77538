import { describe, expect, test } from "vitest";
import type { RunId } from "../../src/model/index.ts";
import type { CommitOutcome, Store } from "../../src/ports/store.ts";
import { scaled } from "../scale.ts";
import type { StoreUnderTest } from "./store.ts";
import { newEntry, newRun, newTenant, startRun, toBytes, toTexts } from "./store-values.ts";

const all = { after: 0, limit: 10_000 };

const append = (
  store: Store,
  unit: { run: RunId; head: number; epoch?: number; events?: readonly string[] },
): Promise<CommitOutcome> =>
  store.commit({
    append: {
      run: unit.run,
      epoch: unit.epoch ?? 1,
      head: unit.head,
      events: (unit.events ?? ["e"]).map(toBytes),
    },
  });

export function describeFences(under: () => StoreUnderTest): void {
  describe("fences", () => {
    test("say why: missing, ended, epoch, head", async () => {
      const { store } = under();
      const run = await startRun(store);
      const fenced = (reason: string) => ({ kind: "fenced", reason });
      expect(await append(store, { run: newRun(), head: 0 })).toEqual(fenced("missing"));
      expect(await append(store, { run, head: 1, epoch: 0 })).toEqual(fenced("epoch"));
      expect(await append(store, { run, head: 1, epoch: 2 })).toEqual(fenced("epoch"));
      expect(await append(store, { run, head: 0 })).toEqual(fenced("head"));
      expect(await append(store, { run, head: 2 })).toEqual(fenced("head"));
    });

    const races = scaled({ test: 500, prove: 10_000 });
    test(`two writers of one epoch race ${races} times and exactly one wins each`, async () => {
      const { store } = under();
      const run = await startRun(store);
      const winners: string[] = ["started"];
      for (let head = 1; head <= races; head += 1) {
        const writers = head % 2 === 0 ? ["a", "b"] : ["b", "a"];
        const outcomes = await Promise.all(
          writers.map((writer) => append(store, { run, head, events: [`${writer}${head}`] })),
        );
        const won = writers.filter((_, index) => outcomes[index]!.kind === "committed");
        expect(won).toHaveLength(1);
        expect(outcomes).toContainEqual({ kind: "fenced", reason: "head" });
        winners.push(`${won[0]}${head}`);
      }
      const read = await store.runs.read(run, all);
      expect(toTexts(read)).toEqual(winners.slice(0, all.limit));
    });

    test("a stale epoch never writes, whatever it races with", async () => {
      const { store } = under();
      const run = await startRun(store);
      let head = 1;
      for (let epoch = 2; epoch <= 60; epoch += 1) {
        const [, stale] = await Promise.all([
          store.runs.take(run),
          append(store, { run, head, epoch: epoch - 1, events: ["old"] }),
        ]);
        if (stale.kind === "committed") head += 1;
        expect(await append(store, { run, head, epoch: epoch - 1 })).toEqual({
          kind: "fenced",
          reason: "epoch",
        });
        expect(await append(store, { run, head, epoch })).toMatchObject({ kind: "committed" });
        head += 1;
      }
      expect(await store.runs.get(run)).toMatchObject({ head, epoch: 60 });
    });

    test("a zombie's append of several events lands not at all", async () => {
      const { store } = under();
      const tenant = newTenant();
      const run = await startRun(store, tenant);
      await store.runs.take(run);
      await append(store, { run, head: 1, epoch: 2, events: ["new"] });
      const entry = newEntry(tenant);
      for (const head of [1, 2]) {
        const events = ["old 1", "old 2", "old 3"].map(toBytes);
        const outcome = await store.commit({
          append: { run, epoch: 1, head, events, wakeAtMs: 5, ended: true },
          entries: [entry],
        });
        expect(outcome).toEqual({ kind: "fenced", reason: "epoch" });
      }
      expect(toTexts(await store.runs.read(run, all))).toEqual(["started", "new"]);
      expect(await store.entries.get(tenant, entry.id)).toBeNull();
      expect(await store.runs.get(run)).toMatchObject({ wakeAtMs: null, ended: false });
    });

    test("the same run twice at once loses nothing and keeps the order", async () => {
      const { store } = under();
      const run = await startRun(store);
      const units = Array.from({ length: 40 }, (_, index) => index + 1);
      const outcomes = await Promise.all(
        units.map((head) => append(store, { run, head, events: [`e${head}`] })),
      );
      expect(outcomes).toEqual(units.map((head) => ({ kind: "committed", head: head + 1 })));
      const texts = toTexts(await store.runs.read(run, all));
      expect(texts).toEqual(["started", ...units.map((head) => `e${head}`)]);
    });

    test("many runs in opposite orders never wait for each other for ever", async () => {
      const { store } = under();
      const runs = await Promise.all(Array.from({ length: 60 }, () => startRun(store)));
      for (let head = 1; head <= 10; head += 1) {
        const outcomes = await Promise.all(
          [...runs, ...runs.toReversed()].map((run) => append(store, { run, head })),
        );
        const won = outcomes.filter((outcome) => outcome.kind === "committed");
        expect(won).toHaveLength(runs.length);
      }
    });

    test("what one unit is refused for does not touch its neighbours", async () => {
      const { store } = under();
      const tenant = newTenant();
      const runs = await Promise.all(Array.from({ length: 20 }, () => startRun(store, tenant)));
      const taken = newEntry(tenant, "taken");
      await store.commit({ entries: [taken] });
      const outcomes = await Promise.allSettled(
        runs.map((run, index) =>
          store.commit({
            append: { run, epoch: 1, head: 1, events: [toBytes(`e${index}`)] },
            entries: [index === 7 ? { ...taken, bytes: toBytes("other") } : newEntry(tenant)],
          }),
        ),
      );
      const failed = outcomes.flatMap((outcome, index) =>
        outcome.status === "rejected" ? [index] : [],
      );
      expect(failed).toEqual([7]);
      const heads = await Promise.all(runs.map((run) => store.runs.get(run)));
      expect(heads.map((head) => head?.head)).toEqual(runs.map((_, i) => (i === 7 ? 1 : 2)));
    });
  });
}
