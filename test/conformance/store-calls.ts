import { describe, expect, test } from "vitest";
import type { Digest, EntryId, TenantId } from "../../src/model/index.ts";
import type { CallDraft, CallEnding } from "../../src/ports/call-rows.ts";
import type { EntryRow } from "../../src/ports/entry-rows.ts";
import type { Store } from "../../src/ports/store.ts";
import { scaled } from "../scale.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import {
  newDigest,
  newRun,
  newEntry,
  newTenant,
  startApproval,
  startMs,
  toBytes,
  toConsumption,
  toText,
} from "./store-values.ts";

const laterMs = startMs + 60_000;

function newCall(tenant: TenantId, changes: Partial<CallDraft> = {}): EntryRow {
  const draft: CallDraft = {
    subject: "someone",
    server: "mail",
    tool: "send",
    intent: newDigest(),
    approval: null,
    run: null,
    notAfterMs: laterMs,
    opening: toBytes("sealed"),
    atMs: startMs,
    key: null,
    ...changes,
  };
  return { ...newEntry(tenant, "an intent"), opens: draft };
}

function newEnd(call: EntryRow, changes: Partial<CallEnding> = {}): EntryRow {
  const ends = { call: call.id, from: "open", to: "done", result: null, ...changes } as const;
  return { ...newEntry(call.tenant, "an outcome"), ends };
}

async function open(store: Store, tenant: TenantId, changes: Partial<CallDraft> = {}) {
  const call = newCall(tenant, changes);
  expect(await store.commit({ entries: [call] })).toMatchObject({ kind: "committed" });
  return call;
}

const end = (store: Store, call: EntryRow, changes?: Partial<CallEnding>) => {
  const row = newEnd(call, changes);
  return store.commit({ entries: [row] }).then((outcome) => ({ outcome, row }));
};

export function describeCalls(under: () => StoreUnderTest): void {
  describe("calls", () => {
    test("I5: a call of a run says so until its end, and one of nobody's does not", async () => {
      const { store } = under();
      const tenant = newTenant();
      const run = newRun();
      const [ofRun, ofNobody] = [newCall(tenant, { run }), newCall(tenant)];
      await store.commit({ entries: [ofRun, ofNobody] });
      expect(await store.calls.get(tenant, ofRun.id)).toMatchObject({ run, state: "open" });
      expect(await store.calls.get(tenant, ofNobody.id)).toMatchObject({ run: null });
      const ends = { call: ofRun.id, from: "open", to: "unknown", result: null } as const;
      await store.commit({ entries: [{ ...newEntry(tenant, "an outcome"), ends }] });
      expect(await store.calls.get(tenant, ofRun.id)).toMatchObject({ run, state: "unknown" });
    });

    test("are open from their intent on, and end with their outcome", async () => {
      const { store } = under();
      const tenant = newTenant();
      const call = await open(store, tenant);
      const opened = await store.calls.get(tenant, call.id);
      const { key: _, opening, ...draft } = call.opens!;
      expect(opened).toMatchObject({ ...draft, id: call.id, state: "open", outcome: null });
      expect(toText(opened!.opening!)).toBe(toText(opening!));
      const { row } = await end(store, call, { result: toBytes("an answer") });
      const ended = await store.calls.get(tenant, call.id);
      expect(ended).toMatchObject({ state: "done", outcome: row.id, resolution: null });
      expect(toText(ended!.result!)).toBe("an answer");
      expect(await store.calls.get(newTenant(), call.id)).toBeNull();
    });

    test("I5: have one outcome, whoever else believes to know another", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      for (let race = 0; race < scaled({ test: 20, prove: 500 }); race += 1) {
        const call = await open(store, tenant);
        const ends = await Promise.all([
          end(store, call),
          end(peer, call, { to: "unknown" }),
          end(store, call, { to: "failed" }),
        ]);
        const written = ends.filter(({ outcome }) => !("late" in outcome));
        expect(written).toHaveLength(1);
        for (const { row } of ends) {
          const isWritten = row.id === written[0]!.row.id;
          expect((await store.entries.get(tenant, row.id)) !== null).toBe(isWritten);
        }
        const { outcome, state } = (await store.calls.get(tenant, call.id))!;
        expect(outcome).toBe(written[0]!.row.id);
        expect(state).toBe(written[0]!.row.ends!.to);
      }
    });

    test("in doubt are listed, and resolved once", async () => {
      const { store } = under();
      const tenant = newTenant();
      const [early, late, doubted, done] = [
        await open(store, tenant, { notAfterMs: startMs }),
        await open(store, tenant),
        await open(store, tenant),
        await open(store, tenant),
      ];
      const { row: outcome } = await end(store, doubted, { to: "unknown" });
      await end(store, done);
      const list = async (nowMs: number, after?: EntryId) => {
        const page = after === undefined ? {} : { after };
        const rows = await store.calls.listUnknown(tenant, { nowMs, limit: 10, ...page });
        return rows.map(({ id }) => id);
      };
      expect(await list(startMs)).toEqual([early.id, doubted.id]);
      expect(await list(laterMs)).toEqual([early.id, late.id, doubted.id]);
      expect(await list(laterMs, early.id)).toEqual([late.id, doubted.id]);
      const { row } = await end(store, doubted, { from: "unknown", to: "failed" });
      const again = await end(store, doubted, { from: "unknown", to: "done" });
      expect(again.outcome).toMatchObject({ late: [again.row.id] });
      expect(await store.calls.get(tenant, doubted.id)).toMatchObject({
        state: "failed",
        outcome: outcome.id,
        resolution: row.id,
      });
      expect(await list(startMs)).toEqual([early.id]);
      const overdue = await store.calls.listOverdue(startMs, 1_000);
      expect(overdue.map(({ id }) => id)).toContain(early.id);
      expect(overdue.map(({ id }) => id)).not.toContain(late.id);
    });

    test("I4: one that is prolonged is in doubt only after its longer time, and never shortened", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      const call = await open(store, tenant, { notAfterMs: startMs });
      const doubted = async (nowMs: number) => {
        const rows = await peer.calls.listUnknown(tenant, { nowMs, limit: 10 });
        const overdue = await peer.calls.listOverdue(nowMs, 1_000);
        const isOverdue = overdue.some(({ id }) => id === call.id);
        return rows.some(({ id }) => id === call.id) && isOverdue;
      };
      expect(await doubted(startMs)).toBe(true);
      expect(await store.calls.prolong(call, laterMs)).toBe(true);
      expect(await doubted(laterMs - 1)).toBe(false);
      expect(await doubted(laterMs)).toBe(true);
      expect(await store.calls.prolong(call, startMs)).toBe(true);
      expect(await store.calls.get(tenant, call.id)).toMatchObject({ notAfterMs: laterMs });
      await end(store, call);
      expect(await store.calls.prolong(call, laterMs + 1)).toBe(false);
      expect(await store.calls.get(tenant, call.id)).toMatchObject({ notAfterMs: laterMs });
      expect(await store.calls.prolong({ ...call, tenant: newTenant() }, laterMs)).toBe(false);
      await expect(store.calls.prolong(call, -1)).rejects.toMatchObject({
        code: "payload_invalid",
      });
    });

    test("I4: of one that is given up and prolonged at the same moment, one of both happens", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      for (let race = 0; race < scaled({ test: 20, prove: 500 }); race += 1) {
        const call = await open(store, tenant, { notAfterMs: startMs });
        const giveUp = () => end(peer, call, { to: "unknown", notAfterMs: startMs });
        const prolong = () => store.calls.prolong(call, laterMs);
        const [given, isLonger] =
          race % 2 === 0
            ? await Promise.all([giveUp(), prolong()])
            : await Promise.all([prolong(), giveUp()]).then(
                ([one, other]) => [other, one] as const,
              );
        const isGivenUp = !("late" in given.outcome);
        expect(isGivenUp).toBe(!isLonger);
        const { state, notAfterMs } = (await store.calls.get(tenant, call.id))!;
        expect([state, notAfterMs]).toEqual(isLonger ? ["open", laterMs] : ["unknown", startMs]);
        expect((await store.entries.get(tenant, given.row.id)) !== null).toBe(isGivenUp);
        // Whoever looked before it was prolonged gives nothing up; its own outcome asks for no time.
        if (!isLonger) continue;
        expect((await giveUp()).outcome).toHaveProperty("late");
        expect((await end(store, call)).outcome).not.toHaveProperty("late");
      }
    });

    test("a key stands for one call, until it was not carried out or ran out", async () => {
      const { store } = under();
      const tenant = newTenant();
      const key = { hash: newDigest(), fingerprint: newDigest(), expiresAtMs: laterMs };
      const claim = async (changes: Partial<CallDraft> = {}) => {
        const call = newCall(tenant, { key, ...changes });
        return { call, kind: (await store.commit({ entries: [call] })).kind };
      };
      const first = await claim();
      expect(first.kind).toBe("committed");
      const refused = await claim();
      expect(refused.kind).toBe("key_taken");
      expect(await store.calls.get(tenant, refused.call.id)).toBeNull();
      expect(await store.entries.get(tenant, refused.call.id)).toBeNull();
      const known = await store.calls.byKey(tenant, key.hash, startMs);
      expect(known).toMatchObject({ fingerprint: key.fingerprint, call: { id: first.call.id } });
      expect(await store.calls.byKey(newTenant(), key.hash, startMs)).toBeNull();
      expect(await store.calls.byKey(tenant, key.hash, laterMs)).toBeNull();

      await end(store, first.call, { to: "failed" });
      const other = { key: { ...key, fingerprint: newDigest() } };
      expect((await claim(other)).kind).toBe("key_taken");
      const second = await claim();
      expect(second.kind).toBe("committed");
      await end(store, second.call, { to: "unknown" });
      expect((await claim()).kind).toBe("key_taken");
      expect((await claim({ ...other, atMs: laterMs })).kind).toBe("committed");
      expect(await store.calls.sweepKeys(laterMs, 10)).toBeGreaterThanOrEqual(1);
      expect(await store.calls.byKey(tenant, key.hash, startMs)).toBeNull();
    });

    test("of racing calls with one key one is made", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      for (let race = 0; race < scaled({ test: 10, prove: 300 }); race += 1) {
        const key = { hash: newDigest(), fingerprint: newDigest(), expiresAtMs: laterMs };
        const kinds = await Promise.all(
          [store, peer, store].map(async (each) => {
            const { kind } = await each.commit({ entries: [newCall(tenant, { key })] });
            return kind;
          }),
        );
        expect(kinds.toSorted()).toEqual(["committed", "key_taken", "key_taken"]);
      }
    });

    test("I4: a call in doubt hands its key on to one that repeats it, and is resolved with it or not at all", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      const repeat = (call: EntryRow): readonly [EntryRow, EntryRow] => [
        newEnd(call, { from: "unknown", to: "failed" }),
        newCall(tenant, { key: { ...call.opens!.key!, repeats: call.id } }),
      ];
      for (let race = 0; race < scaled({ test: 10, prove: 300 }); race += 1) {
        const key = { hash: newDigest(), fingerprint: newDigest(), expiresAtMs: laterMs };
        const first = await open(store, tenant, { key });
        expect((await store.commit({ entries: repeat(first) })).kind).toBe("key_taken");
        expect(await store.calls.get(tenant, first.id)).toMatchObject({ state: "open" });
        await end(store, first, { to: "unknown" });
        const other = newDigest();
        const [ending, { opens, ...intent }] = repeat(first);
        const changed = { ...opens!, key: { ...opens!.key!, fingerprint: other } };
        const taken = [ending, { ...intent, opens: changed }];
        expect((await store.commit({ entries: taken })).kind).toBe("key_taken");
        expect(await store.calls.get(tenant, first.id)).toMatchObject({ state: "unknown" });

        const units = [repeat(first), repeat(first), repeat(first)];
        const kinds = await Promise.all(
          units.map(
            async (entries, at) => (await [store, peer, store][at]!.commit({ entries })).kind,
          ),
        );
        expect(kinds.toSorted()).toEqual(["committed", "key_taken", "key_taken"]);
        const [resolution, second] = units[kinds.indexOf("committed")]!;
        const ended = { state: "failed", resolution: resolution.id };
        expect(await store.calls.get(tenant, first.id)).toMatchObject(ended);
        const known = await store.calls.byKey(tenant, key.hash, startMs);
        expect(known?.call).toMatchObject({ id: second.id, state: "open" });

        // Somebody finds out before it is repeated.
        await end(store, second, { to: "unknown" });
        await end(peer, second, { from: "unknown", to: "done" });
        const late = repeat(second);
        expect((await store.commit({ entries: late })).kind).toBe("key_taken");
        for (const { id } of late) expect(await store.entries.get(tenant, id)).toBeNull();
        expect(await store.calls.get(tenant, second.id)).toMatchObject({ state: "done" });
      }
    });

    test("I3: an approval and a key are taken together or not at all", async () => {
      const { store } = under();
      const approved = await startApproval(store);
      const { tenant } = approved;
      const key = { hash: newDigest(), fingerprint: newDigest(), expiresAtMs: laterMs };
      await open(store, tenant, { key });
      const call = newCall(tenant, { key, approval: approved.id });
      const consume = toConsumption(approved);
      expect(await store.commit({ entries: [call], consume })).toEqual({ kind: "key_taken" });
      expect((await store.approvals.get(tenant, approved.id))?.state).toBe("approved");
      const free = newCall(tenant, { approval: approved.id });
      expect(await store.commit({ entries: [free], consume })).toMatchObject({ kind: "committed" });
      expect(await store.calls.get(tenant, free.id)).toMatchObject({ approval: approved.id });
    });

    test("are erased by subject once they ended, and keep their digests", async () => {
      const { store } = under();
      const tenant = newTenant();
      const subject = `subject of ${tenant}`;
      const ended = await open(store, tenant, { subject });
      await end(store, ended, { result: toBytes("an answer") });
      const running = await open(store, tenant, { subject });
      expect(await store.calls.erase(tenant, subject, 10)).toBe(1);
      const erased = { subject: "", opening: null, result: null };
      const intent: Digest = ended.opens!.intent;
      expect(await store.calls.get(tenant, ended.id)).toMatchObject({ ...erased, intent });
      expect(await store.calls.get(tenant, running.id)).toMatchObject({ subject });
    });
  });
}
