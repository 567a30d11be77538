import { describe, expect, test } from "vitest";
import type { RunId, TenantId } from "../../src/model/index.ts";
import type { CallKey } from "../../src/ports/call-rows.ts";
import type { EntryRow } from "../../src/ports/entry-rows.ts";
import type { CommitOutcome, Store } from "../../src/ports/store.ts";
import { scaled } from "../scale.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newDigest, newEntry, newTenant, startMs, startRun, toBytes } from "./store-values.ts";

const laterMs = startMs + 60_000;

const newKey = (changes: Partial<CallKey> = {}): CallKey => ({
  hash: newDigest(),
  fingerprint: newDigest(),
  expiresAtMs: laterMs,
  ...changes,
});

function newCall(tenant: TenantId, key: CallKey, atMs = startMs): EntryRow {
  const opens = {
    subject: "someone",
    server: "mail",
    tool: "send",
    intent: newDigest(),
    approval: null,
    run: null,
    notAfterMs: laterMs,
    opening: null,
    atMs,
    key,
  };
  return { ...newEntry(tenant, "an intent"), opens };
}

interface Begun {
  readonly run: RunId;
  readonly head?: number;
  readonly epoch?: number;
}

const begin = (store: Store, { run, head = 1, epoch = 1 }: Begun, call: EntryRow) =>
  store.commit({ append: { run, epoch, head, events: [toBytes("began")] }, entries: [call] });

/** I4, I6: what is refused left nothing behind, in the log or beside it. */
async function expectNoTrace(store: Store, { run, head = 1 }: Begun, call: EntryRow) {
  expect(await store.runs.get(run)).toMatchObject({ head });
  expect(await store.runs.read(run, { after: head, limit: 10 })).toEqual([]);
  expect(await store.calls.get(call.tenant, call.id)).toBeNull();
}

export function describeRunKeys(under: () => StoreUnderTest): void {
  describe("keys of runs", () => {
    test("I4: a key is claimed with the event and the intent, or none of them is there", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      const [one, other] = [await startRun(store, tenant), await startRun(store, tenant)];
      const key = newKey();
      const [first, second] = [newCall(tenant, key), newCall(tenant, key)];
      expect(await begin(store, { run: one }, first)).toEqual({ kind: "committed", head: 2 });
      expect(await begin(peer, { run: other }, second)).toEqual({ kind: "key_taken" });
      await expectNoTrace(store, { run: other }, second);
      const known = await peer.calls.byKey(tenant, key.hash, startMs);
      expect(known).toMatchObject({ call: { id: first.id }, fingerprint: key.fingerprint });
      expect(await begin(store, { run: other }, newCall(tenant, newKey()))).toMatchObject({
        kind: "committed",
      });
    });

    test("I6: a worker that has lost its run claims no key", async () => {
      const { store } = under();
      const tenant = newTenant();
      const run = await startRun(store, tenant);
      const key = newKey();
      const lost = newCall(tenant, key);
      const fenced: CommitOutcome = { kind: "fenced", reason: "epoch" };
      expect(await begin(store, { run, epoch: 0 }, lost)).toEqual(fenced);
      expect(await store.calls.byKey(tenant, key.hash, startMs)).toBeNull();
      expect(await begin(store, { run }, newCall(tenant, key))).toMatchObject({
        kind: "committed",
      });
    });

    test("a key is free once it ran out, or its call was not carried out and the same is done", async () => {
      const { store } = under();
      const tenant = newTenant();
      const next = async (key: CallKey, atMs?: number) => {
        const call = newCall(tenant, key, atMs);
        return { call, ...(await begin(store, { run: await startRun(store, tenant) }, call)) };
      };
      const short = newKey({ expiresAtMs: startMs + 10 });
      expect((await next(short)).kind).toBe("committed");
      expect((await next(short, startMs + 9)).kind).toBe("key_taken");
      expect((await next({ ...short, expiresAtMs: laterMs }, startMs + 10)).kind).toBe("committed");
      const key = newKey();
      const { call } = await next(key);
      const ends = { call: call.id, from: "open", to: "failed", result: null } as const;
      await store.commit({ entries: [{ ...newEntry(tenant, "an outcome"), ends }] });
      expect((await next({ ...key, fingerprint: newDigest() })).kind).toBe("key_taken");
      expect((await next(key)).kind).toBe("committed");
      expect((await next(key)).kind).toBe("key_taken");
    });

    const races = scaled({ test: 20, prove: 500 });
    test("of runs that want one key at once one has it, and the others go on", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      const runs = await Promise.all(Array.from({ length: 12 }, () => startRun(store, tenant)));
      const heads = runs.map(() => 1);
      for (let race = 0; race < races; race += 1) {
        const keys = [newKey(), newKey(), newKey()];
        // Three keys in turn, on two replicas, in opposite orders: none waits for another for ever.
        const calls = runs.map((_, at) => newCall(tenant, keys[at % 3]!));
        const order = [...runs.keys()];
        const outcomes: CommitOutcome[] = [];
        await Promise.all(
          (race % 2 === 0 ? order : order.toReversed()).map(async (at) => {
            const begun = { run: runs[at]!, head: heads[at]! };
            outcomes[at] = await begin(at % 2 === 0 ? store : peer, begun, calls[at]!);
          }),
        );
        for (const [at, { kind }] of outcomes.entries()) {
          if (kind === "committed") heads[at]! += 1;
          else await expectNoTrace(store, { run: runs[at]!, head: heads[at]! }, calls[at]!);
        }
        for (const [place, key] of keys.entries()) {
          const kinds = outcomes.filter((_, at) => at % 3 === place).map(({ kind }) => kind);
          expect(kinds.toSorted()).toEqual(["committed", "key_taken", "key_taken", "key_taken"]);
          const won = outcomes.findIndex(
            ({ kind }, at) => at % 3 === place && kind === "committed",
          );
          const known = await store.calls.byKey(tenant, key.hash, startMs);
          expect(known?.call.id).toBe(calls[won]!.id);
        }
      }
    });
  });
}
