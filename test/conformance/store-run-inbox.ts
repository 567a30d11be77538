import { describe, expect, test } from "vitest";
import { fromRunLetterBytes } from "../../src/model/run-letter.ts";
import type { ApprovalId, RunId, TenantId } from "../../src/model/index.ts";
import { storeLimits } from "../../src/ports/store-limits.ts";
import type { CommitUnit, Store } from "../../src/ports/store.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import {
  newApprovalDraft,
  newDigest,
  newEntry,
  newRun,
  newTenant,
  startMs,
  startRun,
  toBytes,
  toConsumption,
  toText,
} from "./store-values.ts";

const all = { after: 0, limit: 10_000 };

async function readInbox(store: Store, run: RunId): Promise<[number, string][]> {
  return (await store.runs.letters(run, all)).map(({ seq, payload }) => [seq, toText(payload)]);
}

async function countWakes({ readWakes }: StoreUnderTest, run: RunId): Promise<number> {
  return (await readWakes()).filter((wake) => wake.run === run).length;
}

function end(store: Store, run: RunId) {
  return store.commit({
    append: { run, epoch: 1, head: 1, events: [toBytes("ended")], ended: true },
  });
}

export function describeRunInbox(under: () => StoreUnderTest): void {
  describe("inboxes", () => {
    test("keep letters in order, with their blobs, and wake the run for each", async () => {
      const { store, readWakes } = under();
      const [run, tenant] = [newRun(), newTenant()];
      await store.runs.create({ run, tenant, priority: 4, events: [] });
      const blob = { id: newDigest(), bytes: toBytes("blob") };
      const post = (text: string, blobs = [blob]) =>
        store.runs.post({ run, tenant, payload: toBytes(text), blobs });
      expect(await post("one")).toBe("posted");
      expect(await post("two", [])).toBe("posted");
      expect(await readInbox(store, run)).toEqual([
        [1, "one"],
        [2, "two"],
      ]);
      const page = await store.runs.letters(run, { after: 1, limit: 1 });
      expect(page.map(({ seq }) => seq)).toEqual([2]);
      expect(await store.runs.get(run)).toMatchObject({ inbox: 2, head: 0, epoch: 0 });
      expect(await store.runs.take(run)).toMatchObject({ inbox: 2, epoch: 1 });
      expect(toText((await store.runs.blobs(run, [blob.id])).get(blob.id)!)).toBe("blob");
      const woken = (await readWakes()).filter((wake) => wake.run === run);
      expect(woken).toEqual([1, 2].map(() => ({ run, tenant, priority: 4 })));
    });

    test("of an ended run, of another tenant's and of none take nothing", async () => {
      const { store } = under();
      const tenant = newTenant();
      const [ended, going] = [await startRun(store, tenant), await startRun(store, tenant)];
      await end(store, ended);
      const payload = toBytes("l");
      expect(await store.runs.post({ run: ended, tenant, payload })).toBe("ended");
      expect(await store.runs.post({ run: newRun(), tenant, payload })).toBe("missing");
      expect(await store.runs.post({ run: going, tenant: newTenant(), payload })).toBe("missing");
      for (const run of [ended, going]) {
        expect(await readInbox(store, run)).toEqual([]);
        expect(await countWakes(under(), run)).toBe(0);
      }
    });

    test("have a bound, and room again once letters were folded in", async () => {
      const { store } = under();
      const tenant = newTenant();
      const [run, other] = [await startRun(store, tenant), await startRun(store, tenant)];
      const letter = { run, tenant, payload: toBytes("l") };
      const many = Array.from({ length: storeLimits.lettersUnread - 1 }, () => letter);
      await store.commit({ letters: many });
      const two = [letter, letter, { ...letter, run: other }];
      expect(await store.commit({ letters: two })).toMatchObject({ kind: "committed" });
      expect(await store.runs.get(run)).toMatchObject({ inbox: storeLimits.lettersUnread });
      expect(await store.runs.get(other)).toMatchObject({ inbox: 1 });
      expect(await store.runs.post(letter)).toBe("full");
      const append = { run, epoch: 1, head: 1, events: [toBytes("folded")], folded: 2 };
      expect(await store.commit({ append })).toMatchObject({ kind: "committed" });
      expect(await store.runs.post(letter)).toBe("posted");
      const [first] = await store.runs.letters(run, all);
      expect(first?.seq).toBe(3);
      expect(await store.runs.get(run)).toMatchObject({ inbox: storeLimits.lettersUnread + 1 });
    });

    test("lose what an append folded in, and only if it was made", async () => {
      const { store } = under();
      const tenant = newTenant();
      const runs = await Promise.all([1, 2, 3, 4].map(() => startRun(store, tenant)));
      for (const run of runs) {
        for (const text of ["a", "b", "c"])
          await store.runs.post({ run, tenant, payload: toBytes(text) });
      }
      const unit = (run: RunId, head: number, folded?: number): CommitUnit => {
        const append = { run, epoch: 1, head, events: [toBytes("e"), toBytes("f")] };
        return { append: { ...append, ...(folded === undefined ? {} : { folded }) } };
      };
      await Promise.all([
        store.commit(unit(runs[0]!, 1, 2)),
        store.commit(unit(runs[1]!, 9, 2)),
        store.commit(unit(runs[2]!, 1)),
        store.commit({ ...unit(runs[3]!, 1, 3), wakes: [{ run: runs[3]!, tenant }] }),
      ]);
      const seqs = await Promise.all(
        runs.map(async (run) => (await readInbox(store, run)).map(([seq]) => seq)),
      );
      expect(seqs).toEqual([[3], [1, 2, 3], [1, 2, 3], []]);
      // One that is fenced goes the same way alone as among others.
      expect(await store.commit(unit(runs[2]!, 9, 3))).toMatchObject({ kind: "fenced" });
      expect(await readInbox(store, runs[2]!)).toHaveLength(3);
      await store.runs.post({ run: runs[3]!, tenant, payload: toBytes("d") });
      expect(await readInbox(store, runs[3]!)).toEqual([[4, "d"]]);
    });

    test("what many post at once is numbered without gaps, beside the owner's appends", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      const run = await startRun(store, tenant);
      const posts = Array.from({ length: 30 }, (_, index) =>
        (index % 2 === 0 ? store : peer).runs.post({ run, tenant, payload: toBytes(`${index}`) }),
      );
      const appends = Array.from({ length: 10 }, (_, index) =>
        store.commit({ append: { run, epoch: 1, head: 1 + index, events: [toBytes("e")] } }),
      );
      expect(new Set(await Promise.all(posts))).toEqual(new Set(["posted"]));
      for (const { kind } of await Promise.all(appends)) expect(kind).toBe("committed");
      const letters = await readInbox(store, run);
      expect(letters.map(([seq]) => seq)).toEqual(posts.map((_, index) => index + 1));
      expect(new Set(letters.map(([, text]) => text)).size).toBe(30);
    });

    describePosting(under);
  });
  describeApprovalLetters(under);
}

function describePosting(under: () => StoreUnderTest): void {
  test("a letter whose wake the engine does not take was not posted", async () => {
    const { store, breakEnlist } = under();
    const tenant = newTenant();
    const [run, parent] = [await startRun(store, tenant), await startRun(store, tenant)];
    const letter = { run: parent, tenant, payload: toBytes("l") };
    const append = { run, epoch: 1, head: 1, events: [toBytes("e")] };
    await breakEnlist(true);
    try {
      await expect(store.runs.post(letter)).rejects.toThrow("broken");
      await expect(store.commit({ append, letters: [letter] })).rejects.toThrow("broken");
    } finally {
      await breakEnlist(false);
    }
    expect(await readInbox(store, parent)).toEqual([]);
    expect(await store.runs.get(parent)).toMatchObject({ inbox: 0 });
    expect(await store.runs.get(run)).toMatchObject({ head: 1 });
  });

  test("letters of a unit are posted with its append, or not at all", async () => {
    const { store } = under();
    const tenant = newTenant();
    const [run, parent, ended] = [
      await startRun(store, tenant),
      await startRun(store, tenant),
      await startRun(store, tenant),
    ];
    await end(store, ended);
    const told = [parent, ended, newRun(), parent, run];
    const letters = told.map((to) => ({ run: to, tenant, payload: toBytes("l") }));
    const append = { run, epoch: 1, head: 5, events: [toBytes("e")], ended: true };
    const entry = newEntry(tenant);
    expect(await store.commit({ append, letters, entries: [entry] })).toEqual({
      kind: "fenced",
      reason: "head",
    });
    expect(await readInbox(store, parent)).toEqual([]);
    const unit = { append: { ...append, head: 1 }, letters, entries: [entry] };
    expect(await store.commit(unit)).toEqual({ kind: "committed", head: 2 });
    expect((await readInbox(store, parent)).map(([seq]) => seq)).toEqual([1, 2]);
    expect(await countWakes(under(), parent)).toBe(1);
    // It ended with the same unit.
    expect(await readInbox(store, run)).toEqual([]);
    expect((await countWakes(under(), run)) + (await countWakes(under(), ended))).toBe(0);
  });

  test("runs that write to each other at once never wait for each other for ever", async () => {
    const { store, peer } = under();
    const tenant = newTenant();
    const runs = await Promise.all([1, 2, 3].map(() => startRun(store, tenant)));
    for (let head = 1; head <= 15; head += 1) {
      const outcomes = await Promise.all(
        runs.map((run, index) => {
          const letters = runs
            .filter((other) => other !== run)
            .map((other) => ({ run: other, tenant, payload: toBytes("l") }));
          const append = { run, epoch: 1, head, events: [toBytes("e")] };
          return (index === 1 ? peer : store).commit({ append, letters });
        }),
      );
      expect(outcomes.map(({ kind }) => kind)).toEqual(["committed", "committed", "committed"]);
    }
    for (const run of runs) expect(await store.runs.get(run)).toMatchObject({ inbox: 30 });
  });

  test("letters that are too large, too many or to no id are refused", async () => {
    const { store } = under();
    const [run, tenant] = [newRun(), newTenant()];
    const letter = { run, tenant, payload: toBytes("l") };
    const payload = new Uint8Array(storeLimits.payloadBytes + 1);
    const many = Array.from({ length: storeLimits.lettersPerUnit + 1 }, () => letter);
    const tooLarge = { code: "payload_too_large" };
    await expect(store.runs.post({ ...letter, payload })).rejects.toMatchObject(tooLarge);
    await expect(store.commit({ letters: many })).rejects.toMatchObject(tooLarge);
    const wrong = { ...letter, run: "run-1" as RunId };
    await expect(store.runs.post(wrong)).rejects.toMatchObject({ code: "payload_invalid" });
  });
}

type Told = readonly [ApprovalId, string];

async function readTold(store: Store, run: RunId): Promise<Told[]> {
  return (await store.runs.letters(run, all)).map(({ payload }) => {
    const letter = fromRunLetterBytes(payload);
    if (letter.kind !== "approval_decided") throw new Error(`a letter of kind ${letter.kind}`);
    return [letter.approval, letter.outcome];
  });
}

async function ask(store: Store, tenant: TenantId, run: RunId | null, expiresAtMs?: number) {
  const draft = newApprovalDraft({
    tenant,
    run,
    agent: "clerk",
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  });
  await store.approvals.create(draft);
  return draft;
}

function decide(
  store: Store,
  draft: ReturnType<typeof newApprovalDraft>,
  to: "pending" | "approved" | "denied",
) {
  const { tenant, id, intent } = draft;
  const entry = newEntry(tenant, "a verdict");
  const said = { verdicts: toBytes("v"), seen: null, entry, nowMs: startMs };
  return store.approvals.decide({ tenant, id, intent, to, ...said });
}

function describeApprovalLetters(under: () => StoreUnderTest): void {
  describe("runs hear what became of their approvals", () => {
    test.each(["approved", "denied"] as const)("%s", async (to) => {
      const { store } = under();
      const tenant = newTenant();
      const run = await startRun(store, tenant);
      const draft = await ask(store, tenant, run);
      expect(await decide(store, draft, to)).toBe("decided");
      expect(await decide(store, draft, to)).toBe(to);
      expect(await readTold(store, run)).toEqual([[draft.id, to]]);
      expect(await countWakes(under(), run)).toBe(1);
    });

    test("one that needs others, too, is not decided, and one without a run tells nobody", async () => {
      const { store } = under();
      const tenant = newTenant();
      const run = await startRun(store, tenant);
      expect(await decide(store, await ask(store, tenant, run), "pending")).toBe("decided");
      expect(await decide(store, await ask(store, tenant, null), "approved")).toBe("decided");
      expect(await readTold(store, run)).toEqual([]);
      expect(await countWakes(under(), run)).toBe(0);
    });

    test("voided: one, all of a kind and those of an erased subject", async () => {
      const { store } = under();
      const tenant = newTenant();
      const runs = await Promise.all([1, 2, 3].map(() => startRun(store, tenant)));
      const [one, two, three] = runs as [RunId, RunId, RunId];
      const single = await ask(store, tenant, one);
      expect(await store.approvals.void(tenant, single.id)).toBe(true);
      expect(await store.approvals.void(tenant, single.id)).toBe(false);
      expect(await readTold(store, one)).toEqual([[single.id, "voided"]]);
      const drafts = [await ask(store, tenant, three), await ask(store, tenant, two)];
      await ask(store, tenant, null);
      expect(await store.approvals.voidAll({ tenant, agent: "clerk" }, 2)).toBe(2);
      expect(await store.approvals.voidAll({ tenant, agent: "clerk" }, 2)).toBe(1);
      expect(await readTold(store, three)).toEqual([[drafts[0]!.id, "voided"]]);
      expect(await readTold(store, two)).toEqual([[drafts[1]!.id, "voided"]]);
      const last = await ask(store, tenant, one);
      await decide(store, last, "approved");
      expect(await store.approvals.erase(tenant, last.subject, 100)).toBe(5);
      expect(await readTold(store, one)).toEqual([
        [single.id, "voided"],
        [last.id, "approved"],
        [last.id, "voided"],
      ]);
      expect(await store.approvals.get(tenant, last.id)).toMatchObject({
        state: "voided",
        subject: "",
      });
    });

    test("expired", async () => {
      const { store } = under();
      const tenant = newTenant();
      while ((await store.approvals.expire(startMs, 1_000)) > 0);
      const run = await startRun(store, tenant);
      const [first, second] = [await ask(store, tenant, run, 8), await ask(store, tenant, run, 9)];
      expect(await store.approvals.expire(9, 1)).toBe(1);
      expect(await store.approvals.expire(9, 10)).toBe(1);
      expect(await readTold(store, run)).toEqual([
        [first.id, "expired"],
        [second.id, "expired"],
      ]);
    });

    test("a run that has ended, is gone or another tenant's hears nothing, and the decision stands", async () => {
      const { store } = under();
      const tenant = newTenant();
      const ended = await startRun(store, tenant);
      await end(store, ended);
      const foreign = await startRun(store);
      for (const run of [ended, newRun(), foreign]) {
        const decided = await ask(store, tenant, run);
        expect(await decide(store, decided, "denied")).toBe("decided");
        const voided = await ask(store, tenant, run);
        expect(await store.approvals.void(tenant, voided.id)).toBe(true);
        expect((await store.approvals.get(tenant, decided.id))?.state).toBe("denied");
        expect(await store.runs.letters(run, all)).toEqual([]);
        expect(await countWakes(under(), run)).toBe(0);
      }
    });

    test("an engine that does not take the wake: nothing was decided", async () => {
      const { store, breakEnlist } = under();
      const tenant = newTenant();
      const run = await startRun(store, tenant);
      const draft = await ask(store, tenant, run);
      await breakEnlist(true);
      try {
        await expect(decide(store, draft, "approved")).rejects.toThrow("broken");
        await expect(store.approvals.void(tenant, draft.id)).rejects.toThrow("broken");
      } finally {
        await breakEnlist(false);
      }
      expect((await store.approvals.get(tenant, draft.id))?.state).toBe("pending");
      expect(await readTold(store, run)).toEqual([]);
      const page = await store.entries.page(tenant, { after: 0n, limit: 10 });
      expect(page).toEqual([]);
    });

    test("I3: what is used at the moment in which it is voided is one of both, and the run hears which", async () => {
      const { store, peer } = under();
      const tenant = newTenant();
      for (let race = 0; race < 15; race += 1) {
        const run = await startRun(store, tenant);
        const draft = await ask(store, tenant, run);
        await decide(store, draft, "approved");
        const append = { run, epoch: 1, head: 1, events: [toBytes("used")] };
        const [outcome, voided] = await Promise.all([
          store.commit({ append, consume: toConsumption(draft) }),
          peer.approvals.voidAll({ tenant }, 10),
        ]);
        const { state } = (await store.approvals.get(tenant, draft.id))!;
        expect([outcome.kind === "committed", voided]).toEqual(
          state === "consumed" ? [true, 0] : [false, 1],
        );
        const told = (await readTold(store, run)).map(([, said]) => said);
        expect(told).toEqual(state === "consumed" ? ["approved"] : ["approved", "voided"]);
      }
    });
  });
}
