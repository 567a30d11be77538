import { describe, expect, test } from "vitest";
import type { ApprovalDraft } from "../../src/ports/approval-rows.ts";
import type { Store } from "../../src/ports/store.ts";
import type { ApprovalState } from "../../src/model/index.ts";
import { scaled } from "../scale.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import {
  newApprovalDraft,
  newDigest,
  newEntry,
  newTenant,
  startApproval,
  startMs,
  toBytes,
  toConsumption,
} from "./store-values.ts";

/** What a row answers in each state, before and from its expiry on. */
const truth: readonly {
  state: ApprovalState;
  decide: string;
  decideLate: string;
  consume: string;
  consumeLate: string;
}[] = [
  {
    state: "pending",
    decide: "decided",
    decideLate: "expired",
    consume: "pending",
    consumeLate: "expired",
  },
  {
    state: "approved",
    decide: "approved",
    decideLate: "expired",
    consume: "committed",
    consumeLate: "expired",
  },
  {
    state: "denied",
    decide: "denied",
    decideLate: "denied",
    consume: "denied",
    consumeLate: "denied",
  },
  {
    state: "expired",
    decide: "expired",
    decideLate: "expired",
    consume: "expired",
    consumeLate: "expired",
  },
  {
    state: "consumed",
    decide: "consumed",
    decideLate: "consumed",
    consume: "consumed",
    consumeLate: "consumed",
  },
  {
    state: "voided",
    decide: "voided",
    decideLate: "voided",
    consume: "voided",
    consumeLate: "voided",
  },
];

async function bring(store: Store, state: ApprovalState): Promise<ApprovalDraft> {
  if (state === "approved") return startApproval(store);
  if (state === "consumed") {
    const draft = await startApproval(store);
    await store.commit({ consume: toConsumption(draft) });
    return draft;
  }
  const draft = newApprovalDraft();
  await store.approvals.create(draft);
  if (state === "voided") await store.approvals.void(draft.tenant, draft.id);
  if (state === "denied") await decide(store, draft, { to: "denied" });
  if (state === "expired") {
    while ((await store.approvals.expire(draft.expiresAtMs, 1_000)) > 0);
  }
  return draft;
}

function decide(
  store: Store,
  draft: ApprovalDraft,
  changes: { to?: "approved" | "denied"; nowMs?: number } = {},
): Promise<string> {
  const { tenant, id, intent } = draft;
  const entry = newEntry(tenant, "a verdict");
  const said = { to: "approved", verdicts: toBytes("v"), seen: null, entry };
  const decision = { tenant, id, intent, ...said, nowMs: startMs };
  return store.approvals.decide({ ...decision, ...changes } as never);
}

async function consume(store: Store, draft: ApprovalDraft, nowMs: number): Promise<string> {
  const outcome = await store.commit({ consume: { ...toConsumption(draft), nowMs } });
  return outcome.kind === "unconsumable" ? outcome.reason : outcome.kind;
}

export function describeApprovals(under: () => StoreUnderTest): void {
  describe("approvals", () => {
    test.each(truth)("I3: $state answers what its table says", async (row) => {
      const { store } = under();
      for (const [nowMs, decided, consumed] of [
        [startMs + 60_000, row.decideLate, row.consumeLate],
        [startMs + 59_999, row.decide, row.consume],
      ] as const) {
        const first = await bring(store, row.state);
        expect(await store.approvals.get(first.tenant, first.id)).toMatchObject({
          state: row.state,
        });
        expect(await decide(store, first, { nowMs })).toBe(decided);
        const second = await bring(store, row.state);
        expect(await consume(store, second, nowMs)).toBe(consumed);
      }
    });

    test("I3: another intent never matches, and a missing row is missing", async () => {
      const { store } = under();
      const pending = await bring(store, "pending");
      const approved = await bring(store, "approved");
      const other = { intent: newDigest() };
      expect(await decide(store, { ...pending, ...other })).toBe("mismatch");
      expect(await consume(store, { ...approved, ...other }, startMs)).toBe("mismatch");
      expect(await decide(store, newApprovalDraft())).toBe("missing");
      expect(await consume(store, newApprovalDraft(), startMs)).toBe("missing");
    });

    test("keep what was asked and what was decided", async () => {
      const { store } = under();
      const draft = newApprovalDraft();
      expect(await store.approvals.create(draft)).toBe("created");
      expect(await store.approvals.create({ ...draft, request: toBytes("other") })).toBe("exists");
      expect(await decide(store, draft, { to: "denied" })).toBe("decided");
      const row = await store.approvals.get(draft.tenant, draft.id);
      expect({
        ...row,
        request: [...(row?.request ?? [])],
        opening: [...(row?.opening ?? [])],
        verdicts: [...(row?.verdicts ?? [])],
      }).toEqual({
        ...draft,
        state: "denied",
        request: [...draft.request],
        opening: [...draft.opening!],
        verdicts: [...toBytes("v")],
      });
    });

    test("one that waits has its key to itself, and is found by it", async () => {
      const { store } = under();
      const first = newApprovalDraft();
      const { tenant, key } = first;
      const next = (): ApprovalDraft => newApprovalDraft({ tenant, key });
      expect(await store.approvals.find(tenant, key, startMs)).toBeNull();
      await store.approvals.create(first);
      expect(await store.approvals.create(next())).toBe("exists");
      expect(await store.approvals.countPending(tenant, first.subject, 10)).toBe(1);
      expect(await store.approvals.countPending(tenant, "another", 10)).toBe(0);
      expect((await store.approvals.find(tenant, key, startMs))?.id).toBe(first.id);
      expect(await store.approvals.find(newTenant(), key, startMs)).toBeNull();
      expect(await store.approvals.find(tenant, key, first.expiresAtMs)).toBeNull();
      await decide(store, first, { to: "denied" });
      const second = next();
      expect((await store.approvals.find(tenant, key, startMs))?.id).toBe(first.id);
      expect(await store.approvals.create(second)).toBe("created");
      expect((await store.approvals.find(tenant, key, startMs))?.id).toBe(second.id);
      await decide(store, second);
      await store.commit({ consume: toConsumption(second) });
      expect((await store.approvals.find(tenant, key, startMs))?.id).toBe(first.id);
      expect(await store.approvals.create(next())).toBe("created");
      const used = await store.approvals.lastConsumed(tenant, "mail", "send");
      expect(used?.id).toBe(second.id);
      expect(await store.approvals.lastConsumed(tenant, "mail", "other")).toBeNull();
    });

    test("a word that was given meanwhile makes a decision stale, and its entry stays out", async () => {
      const { store } = under();
      const { tenant, id, intent } = await bring(store, "pending");
      const say = (seen: string | null, verdicts: string, to: "pending" | "approved") => {
        const entry = newEntry(tenant, verdicts);
        const said = { seen: seen === null ? null : toBytes(seen), verdicts: toBytes(verdicts) };
        const decision = { tenant, id, intent, to, entry, nowMs: startMs, ...said };
        return store.approvals.decide(decision).then((outcome) => ({ outcome, entry }));
      };
      expect((await say(null, "one", "pending")).outcome).toBe("decided");
      const stale = await say(null, "two", "approved");
      expect(stale.outcome).toBe("stale");
      expect(await store.entries.get(tenant, stale.entry.id)).toBeNull();
      const last = await say("one", "one two", "approved");
      expect(last.outcome).toBe("decided");
      expect(await store.entries.get(tenant, last.entry.id)).not.toBeNull();
      expect((await store.approvals.get(tenant, id))?.state).toBe("approved");
    });

    test("what was asked is voided by kind, and erased by subject", async () => {
      const { store } = under();
      const tenant = newTenant();
      const make = async (changes: Partial<ApprovalDraft>): Promise<ApprovalDraft> => {
        const draft = newApprovalDraft({ tenant, ...changes });
        await store.approvals.create(draft);
        return draft;
      };
      const [mail, agent, disk] = [
        await make({}),
        await make({ server: "db", agent: "clerk" }),
        await make({ server: "disk", tool: null, subject: "someone else" }),
      ];
      expect(await store.approvals.voidAll({ tenant, server: "mail", tool: "other" }, 10)).toBe(0);
      expect(await store.approvals.voidAll({ tenant, server: "mail", tool: "send" }, 10)).toBe(1);
      expect(await store.approvals.voidAll({ tenant, agent: "clerk" }, 10)).toBe(1);
      expect(await store.approvals.voidAll({ tenant, agent: "clerk" }, 10)).toBe(0);
      for (const { id } of [mail, agent])
        expect((await store.approvals.get(tenant, id))?.state).toBe("voided");
      expect(await store.approvals.erase(tenant, mail.subject, 10)).toBe(2);
      expect(await store.approvals.erase(tenant, disk.subject, 10)).toBe(1);
      for (const { id } of [mail, agent, disk])
        expect(await store.approvals.get(tenant, id)).toMatchObject({
          state: "voided",
          subject: "",
          opening: null,
        });
    });

    const races = scaled({ test: 40, prove: 1_000 });
    test(`I3: ${races} races to consume are won by exactly one each`, async () => {
      const { store, peer } = under();
      for (let race = 0; race < races; race += 1) {
        const draft = await startApproval(store);
        const answers = await Promise.all(
          [store, peer, store].map((each) => consume(each, draft, startMs)),
        );
        expect(answers.toSorted()).toEqual(["committed", "consumed", "consumed"]);
      }
    });

    test("one of two opposite decisions stands, and both know which", async () => {
      const { store } = under();
      for (let race = 0; race < 20; race += 1) {
        const draft = await bring(store, "pending");
        const answers = await Promise.all([
          decide(store, draft, { to: "approved" }),
          decide(store, draft, { to: "denied" }),
        ]);
        const { state } = (await store.approvals.get(draft.tenant, draft.id))!;
        expect(answers).toEqual(
          state === "approved" ? ["decided", "approved"] : ["denied", "decided"],
        );
      }
    });

    test("expire in bounded numbers, the earliest first", async () => {
      const { store } = under();
      while ((await store.approvals.expire(startMs + 60_000, 1_000)) > 0);
      const tenant = newTenant();
      const drafts = [3, 1, 2].map((at) => newApprovalDraft({ tenant, expiresAtMs: at }));
      for (const draft of drafts) await store.approvals.create(draft);
      expect(await store.approvals.expire(2, 1)).toBe(1);
      const expired = await store.approvals.list(tenant, { state: "expired", limit: 10 });
      expect(expired.map((row) => row.id)).toEqual([drafts[1]!.id]);
      expect(await store.approvals.expire(2, 10)).toBe(1);
      expect(await store.approvals.expire(2, 10)).toBe(0);
      expect(await store.approvals.expire(3, 10)).toBe(1);
    });

    test("voiding takes what waits, once", async () => {
      const { store } = under();
      for (const state of ["pending", "approved"] as const) {
        const draft = await bring(store, state);
        expect(await store.approvals.void(draft.tenant, draft.id)).toBe(true);
        expect(await store.approvals.void(draft.tenant, draft.id)).toBe(false);
      }
      const consumed = await bring(store, "consumed");
      expect(await store.approvals.void(consumed.tenant, consumed.id)).toBe(false);
    });

    test("are listed by tenant, state and page", async () => {
      const { store } = under();
      const tenant = newTenant();
      const drafts = Array.from({ length: 5 }, () => newApprovalDraft({ tenant }));
      for (const draft of drafts.toReversed()) await store.approvals.create(draft);
      await decide(store, drafts[1]!);
      const ids = async (query: object) =>
        (await store.approvals.list(tenant, { limit: 10, ...query })).map((row) => row.id);
      const [a, b, c, d, e] = drafts.map((draft) => draft.id);
      expect(await ids({})).toEqual([a, b, c, d, e]);
      expect(await ids({ state: "pending" })).toEqual([a, c, d, e]);
      expect(await ids({ state: "pending", after: a, limit: 2 })).toEqual([c, d]);
      expect(await ids({ state: "approved" })).toEqual([b]);
    });

    test("of another tenant are not there", async () => {
      const { store } = under();
      const draft = await startApproval(store);
      const other = { ...draft, tenant: newTenant() };
      expect(await store.approvals.get(other.tenant, draft.id)).toBeNull();
      expect(await store.approvals.list(other.tenant, { limit: 10 })).toEqual([]);
      expect(await decide(store, other)).toBe("missing");
      expect(await consume(store, other, startMs)).toBe("missing");
      expect(await store.approvals.void(other.tenant, draft.id)).toBe(false);
      expect(await store.approvals.create(other)).toBe("created");
      expect(await store.approvals.get(draft.tenant, draft.id)).toMatchObject({
        state: "approved",
      });
    });
  });
}
