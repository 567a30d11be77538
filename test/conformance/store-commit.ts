import { describe, expect, test } from "vitest";
import { storeLimits } from "../../src/ports/store-limits.ts";
import type { CommitUnit } from "../../src/ports/store.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import {
  newDigest,
  newEntry,
  newRun,
  newTenant,
  startApproval,
  startRun,
  toBytes,
  toConsumption,
  toTexts,
} from "./store-values.ts";

const all = { after: 0, limit: 100 };

export function describeCommit(under: () => StoreUnderTest): void {
  describe("commit", () => {
    test("an empty unit is committed", async () => {
      expect(await under().store.commit({})).toEqual({ kind: "committed", head: null });
    });

    test("appends follow the head, several events at once", async () => {
      const { store } = under();
      const run = await startRun(store);
      const events = [toBytes("a"), toBytes(""), toBytes("c")];
      const outcome = await store.commit({ append: { run, epoch: 1, head: 1, events } });
      expect(outcome).toEqual({ kind: "committed", head: 4 });
      const read = await store.runs.read(run, all);
      expect(read.map((event) => event.seq)).toEqual([1, 2, 3, 4]);
      expect(toTexts(read)).toEqual(["started", "a", "", "c"]);
    });

    test("keeps every byte of a payload", async () => {
      const { store } = under();
      const run = await startRun(store);
      const payload = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
      await store.commit({ append: { run, epoch: 1, head: 1, events: [payload] } });
      const [, event] = await store.runs.read(run, all);
      expect(Buffer.from(event!.payload).equals(payload)).toBe(true);
    });

    test("entries alone, and attached to an append", async () => {
      const { store } = under();
      const tenant = newTenant();
      const run = await startRun(store, tenant);
      const [alone, attached] = [newEntry(tenant, "alone"), newEntry(tenant, "attached")];
      expect(await store.commit({ entries: [alone] })).toEqual({ kind: "committed", head: null });
      const append = { run, epoch: 1, head: 1, events: [toBytes("a")] };
      expect(await store.commit({ append, entries: [attached] })).toMatchObject({ head: 2 });
      const page = await store.entries.page(tenant, { after: 0n, limit: 10 });
      expect(page.map((row) => row.id)).toEqual([alone.id, attached.id]);
    });

    test("an entry that is durable already is not written twice", async () => {
      const { store } = under();
      const tenant = newTenant();
      const [first, second] = [newEntry(tenant, "first"), newEntry(tenant, "second")];
      await store.commit({ entries: [first] });
      expect(await store.commit({ entries: [first, second] })).toMatchObject({ kind: "committed" });
      expect(await store.entries.page(tenant, { after: 0n, limit: 10 })).toHaveLength(2);
    });

    test("an entry id that holds other bytes is refused, and its append with it", async () => {
      const { store } = under();
      const tenant = newTenant();
      const run = await startRun(store, tenant);
      const entry = newEntry(tenant, "first");
      await store.commit({ entries: [entry] });
      const append = { run, epoch: 1, head: 1, events: [toBytes("a")] };
      const changed = { ...entry, bytes: toBytes("changed") };
      await expect(store.commit({ append, entries: [changed] })).rejects.toMatchObject({
        code: "payload_invalid",
      });
      expect(await store.runs.get(run)).toMatchObject({ head: 1 });
    });

    test("a wake is enlisted with the events that cause it", async () => {
      const { store, readWakes } = under();
      const tenant = newTenant();
      const run = await startRun(store, tenant);
      const wakes = [{ run, tenant, priority: 7 }];
      const append = { run, epoch: 1, head: 1, events: [toBytes("a")] };
      expect(await store.commit({ append, wakes })).toEqual({ kind: "committed", head: 2 });
      expect(await readWakes()).toContainEqual({ run, tenant, priority: 7 });
    });

    test("sets, keeps and clears the timer, and ends the run", async () => {
      const { store } = under();
      const run = await startRun(store);
      const commit = (head: number, rest: object) =>
        store.commit({ append: { run, epoch: 1, head, events: [toBytes("e")], ...rest } });
      await commit(1, { wakeAtMs: 9_000_000 });
      await commit(2, {});
      expect(await store.runs.get(run)).toMatchObject({ wakeAtMs: 9_000_000 });
      await commit(3, { wakeAtMs: null });
      expect(await store.runs.get(run)).toMatchObject({ wakeAtMs: null });
      await commit(4, { wakeAtMs: 1_000, ended: true });
      expect(await store.runs.get(run)).toMatchObject({ wakeAtMs: null, ended: true, head: 5 });
      expect(await commit(5, {})).toEqual({ kind: "fenced", reason: "ended" });
    });

    describeAtomicity(under);
    describeRefusals(under);
  });
}

/** A unit of everything there is; `spoil` makes one part of it refuse. */
function describeAtomicity(under: () => StoreUnderTest): void {
  test.each([
    ["a stale head", { kind: "fenced", reason: "head" }, 5, "approved"],
    ["an approval that was not granted", { kind: "unconsumable", reason: "pending" }, 1, "pending"],
    ["both", { kind: "fenced", reason: "head" }, 5, "pending"],
  ] as const)("%s: no part of the unit is written", async (...[, refusal, head, approved]) => {
    const { store, readWakes } = under();
    const tenant = newTenant();
    const run = await startRun(store, tenant);
    const draft = await startApproval(store, { tenant });
    const entry = newEntry(tenant);
    const consume = toConsumption(draft);
    if (approved === "pending") {
      const pending = { ...draft, id: newRun() as never, key: newDigest() };
      await store.approvals.create(pending);
      consume.approval = pending.id;
    }
    const outcome = await store.commit({
      append: { run, epoch: 1, head, events: [toBytes("a")] },
      entries: [entry],
      consume,
      wakes: [{ run, tenant }],
    });
    expect(outcome).toEqual(refusal);
    expect(await store.runs.get(run)).toMatchObject({ head: 1 });
    expect(await store.entries.get(tenant, entry.id)).toBeNull();
    expect(await store.approvals.get(tenant, draft.id)).toMatchObject({ state: "approved" });
    expect((await readWakes()).filter((wake) => wake.run === run)).toEqual([]);
  });

  test("an engine that does not take the wake: no part of the unit is written", async () => {
    const { store, breakEnlist } = under();
    const tenant = newTenant();
    const run = await startRun(store, tenant);
    const draft = await startApproval(store, { tenant });
    const entry = newEntry(tenant);
    const unit: CommitUnit = {
      append: { run, epoch: 1, head: 1, events: [toBytes("a")] },
      entries: [entry],
      consume: toConsumption(draft),
      wakes: [{ run, tenant }],
    };
    await breakEnlist(true);
    await expect(store.commit(unit)).rejects.toThrow("broken");
    await breakEnlist(false);
    expect(await store.runs.get(run)).toMatchObject({ head: 1 });
    expect(await store.entries.get(tenant, entry.id)).toBeNull();
    expect(await store.approvals.get(tenant, draft.id)).toMatchObject({ state: "approved" });
    expect(await store.commit(unit)).toEqual({ kind: "committed", head: 2 });
  });
}

function describeRefusals(under: () => StoreUnderTest): void {
  const append = { run: newRun(), epoch: 0, head: 0, events: [toBytes("a")] };
  const entry = newEntry(newTenant());
  const invalid: Record<string, CommitUnit> = {
    "an append of nothing": { append: { ...append, events: [] } },
    "a run that is no id": { append: { ...append, run: "run-1" as never } },
    "an id in capitals": { append: { ...append, run: append.run.toUpperCase() as never } },
    "an epoch that is no number": { append: { ...append, epoch: Number.NaN } },
    "half an event": { append: { ...append, head: 0.5 } },
    "a timer before time": { append: { ...append, wakeAtMs: -1 } },
    "a NUL in a tenant": { entries: [{ ...entry, tenant: "a\0b" as never }] },
    "half a character": { entries: [{ ...entry, tenant: "\ud800" as never }] },
    "the same entry twice": { entries: [entry, entry] },
  };
  test.each(Object.entries(invalid))("refuses %s", async (_, unit) => {
    await expect(under().store.commit(unit)).rejects.toMatchObject({ code: "payload_invalid" });
  });

  test("refuses what is beyond the bounds of a unit", async () => {
    const large = new Uint8Array(storeLimits.payloadBytes + 1);
    const many = Array.from({ length: storeLimits.eventsPerAppend + 1 }, () => toBytes("e"));
    for (const events of [[large], many]) {
      await expect(under().store.commit({ append: { ...append, events } })).rejects.toMatchObject({
        code: "payload_too_large",
      });
    }
  });
}
