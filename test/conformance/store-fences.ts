import { describe, expect, test } from "vitest";
import type { RunId } from "../../src/model/index.ts";
import type { CommitOutcome, Store } from "../../src/ports/store.ts";
import { scaled } from "../scale.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newEntry, newRun, newTenant, startRun, toBytes, toText, toTexts } from "./store-values.ts";

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
    test(`two replicas with one epoch race ${races} times and exactly one wins each`, async () => {
      const { store, peer } = under();
      const run = await startRun(store);
      for (let head = 1; head <= races; head += 1) {
        // Every other time both would write the very same bytes: even then one of them wins.
        const text = (writer: string) => (head % 2 === 0 ? `${head}` : `${writer}${head}`);
        const outcomes = await Promise.all([
          append(store, { run, head, events: [text("a")] }),
          append(peer, { run, head, events: [text("b")] }),
        ]);
        const won = outcomes.findIndex((outcome) => outcome.kind === "committed");
        expect(outcomes).toContainEqual({ kind: "committed", head: head + 1 });
        expect(outcomes).toContainEqual({ kind: "fenced", reason: "head" });
        const [event] = await store.runs.read(run, { after: head, limit: 2 });
        expect(toText(event!.payload)).toBe(text(won === 0 ? "a" : "b"));
      }
      expect(await peer.runs.get(run)).toMatchObject({ head: races + 1 });
    });

    test("two writers in one process race, and exactly one wins each", async () => {
      const { store } = under();
      const run = await startRun(store);
      for (let head = 1; head <= 50; head += 1) {
        const outcomes = await Promise.all([1, 2, 3].map(() => append(store, { run, head })));
        const won = outcomes.filter((outcome) => outcome.kind === "committed");
        expect(won).toHaveLength(1);
      }
    });

    test("a stale epoch never writes, whatever it races with", async () => {
      const { store, peer } = under();
      const run = await startRun(store);
      let head = 1;
      for (let epoch = 2; epoch <= 60; epoch += 1) {
        const [, stale] = await Promise.all([
          peer.runs.take(run),
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
      const { store, peer } = under();
      const runs = await Promise.all(Array.from({ length: 100 }, () => startRun(store)));
      for (let head = 1; head <= 20; head += 1) {
        const [left, right] = await Promise.all([
          Promise.all(runs.map((run) => append(store, { run, head, events: ["a", "b"] }))),
          Promise.all(runs.toReversed().map((run) => append(peer, { run, head, events: ["a"] }))),
        ]);
        // Each run was won by one of the two, and the next round starts where it stands.
        for (const [index, run] of runs.entries()) {
          const outcomes = [left[index]!, right[runs.length - 1 - index]!];
          expect(outcomes.filter((outcome) => outcome.kind === "committed")).toHaveLength(1);
          if (outcomes[0]!.kind === "committed") continue;
          const filled = await append(store, { run, head: head + 1 });
          expect(filled).toMatchObject({ kind: "committed" });
        }
        head += 1;
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
