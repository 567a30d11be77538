import { expect, test } from "vitest";
import {
  newApprovalDraft,
  newDigest,
  newEntry,
  newEntryId,
  newRun,
  newTenant,
  startMs,
} from "../../test/conformance/store-values.ts";
import { toDraft } from "../../test/conformance/memory.ts";
import { plainOpenings as openings } from "../../test/ledger/ledger-scene.ts";
import type { RunId, TenantId, Verdict } from "../model/index.ts";
import { fromRunLetterBytes } from "../model/run-letter.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import type { WorkspaceChange, WorkspaceKey } from "../ports/workspace-rows.ts";
import { openVerdicts, sealVerdicts } from "../ports/verdicts.ts";
import { erasePersonal, type EraseOptions } from "./erase-personal.ts";

const toVerdict = (approver: string): Verdict => ({
  entry: newEntryId(),
  word: "approved",
  approver,
  credential: approver,
  reason: `${approver} says so`,
  salt: "ab".repeat(32),
  meets: ["role:approver"],
  passkey: null,
  atMs: startMs,
});

/** An approval on which all of them said something. */
async function open(approvers: readonly string[]) {
  const store = createInMemoryStore();
  const draft = newApprovalDraft();
  await store.approvals.create(draft);
  await store.approvals.decide({
    ...draft,
    to: "approved",
    verdicts: await sealVerdicts(openings, draft, approvers.map(toVerdict)),
    seen: null,
    entry: newEntry(draft.tenant),
    nowMs: startMs,
  });
  const { tenant, id } = draft;
  return {
    approvals: store.approvals,
    erase: (subject: string, approvals: EraseOptions["approvals"] = store.approvals) =>
      erasePersonal({ ...store, approvals, openings }, tenant, { kind: "user", subject }),
    said: async () => {
      const row = (await store.approvals.get(tenant, id))!;
      return (await openVerdicts(openings, row)).map(({ approver, reason }) => [approver, reason]);
    },
  };
}

test("whoever is erased at the same moment as others is erased, and so are they", async () => {
  const { erase, said } = await open(["ann", "user:bob", "cem", "dee"]);
  const erased = await Promise.all([erase("ann"), erase("bob"), erase("cem")]);
  expect(erased.map(({ verdicts }) => verdicts)).toEqual([1, 1, 1]);
  const nobody = [null, null];
  expect(await said()).toEqual([nobody, nobody, nobody, ["dee", "dee says so"]]);
});

test("a name that could not be taken away is not said to be gone", async () => {
  const { approvals, erase, said } = await open(["ann"]);
  const busy: EraseOptions["approvals"] = {
    get: (...of) => approvals.get(...of),
    list: (...of) => approvals.list(...of),
    erase: (...of) => approvals.erase(...of),
    rewriteVerdicts: async () => false,
  };
  await expect(erase("ann", busy)).rejects.toMatchObject({ code: "overloaded" });
  expect(await said()).toEqual([["ann", "ann says so"]]);
});

test("runs of the person go as a whole once they have ended; those that have not are cancelled", async () => {
  const store = createInMemoryStore({ enlist: () => undefined });
  const tenant = "acme" as TenantId;
  const subject = `${tenant}\nuser\nada`;
  const make = async (whose: string, state: "ended" | "open") => {
    const run = newRun();
    const about = { agent: "travel", subject: whose, parent: null, createdAtMs: startMs };
    await store.runs.create({ run, tenant, events: [Buffer.from("{}")], about });
    const append = { run, epoch: 0, head: 1, events: [Buffer.from("{}")] };
    const ended = { ended: true, endedAtMs: startMs };
    if (state === "ended") await store.commit({ append: { ...append, ...ended } });
    return run;
  };
  const [gone, open_, others] = [
    await make(subject, "ended"),
    await make(subject, "open"),
    await make(`${tenant}\nuser\nbob`, "ended"),
  ];
  for (const [owner, run] of [
    ["nobody", null],
    [gone, gone],
    [open_, open_],
    [others, others],
  ] as const)
    await store.workspaces.put(newWorkspace({ tenant, server: "lab", owner }, run, subject));
  const options = { ...store, openings };
  const erased = await erasePersonal(options, tenant, { kind: "user", subject: "ada" });
  expect(erased).toMatchObject({ runs: 1, runsLeft: 1, workspaces: 1 });
  const kept = [open_, others] as string[];
  for (const owner of ["nobody", gone, open_, others]) {
    const row = await store.workspaces.get({ tenant, server: "lab", owner });
    expect(row !== null).toBe(kept.includes(owner));
  }
  expect(await store.runs.get(gone)).toBeNull();
  expect(await store.runs.get(others)).not.toBeNull();
  const [letter] = await store.runs.letters(open_, { after: 0, limit: 10 });
  expect(fromRunLetterBytes(letter!.payload)).toMatchObject({ kind: "cancel" });
});

function newWorkspace(key: WorkspaceKey, run: RunId | null, subject: string): WorkspaceChange {
  const manifest = newDigest();
  const blobs = new Map([[manifest, Buffer.from("sealed")]]);
  const common = { version: 0, keeps: [manifest], calls: [], nowMs: startMs };
  return { key, run, subject, manifest, blobs, ...common };
}

test("what a run spent until it was removed is nobody's any more, and stays", async () => {
  const store = createInMemoryStore({ enlist: () => undefined });
  const tenant = "acme" as TenantId;
  const subject = `${tenant}\nuser\nada`;
  const run = newRun();
  const about = { agent: "a", parent: null, subject, createdAtMs: startMs };
  await store.runs.create({ run, tenant, events: [], about });
  const costs = [{ day: 1, kind: "tool", name: "t", micros: 3, tokens: 0 }] as const;
  // It ends between the first look at what is the person's and the last.
  const endAndList: EraseOptions["runs"]["list"] = async (...of) => {
    const ended = { ended: true, endedAtMs: startMs };
    await store.commit({
      append: { run, epoch: 0, head: 0, events: [Buffer.from("{}")], costs, ...ended },
    });
    return store.runs.list(...of);
  };
  const runs: EraseOptions["runs"] = {
    list: endAndList,
    remove: (id) => store.runs.remove(id),
    post: (letter) => store.runs.post(letter),
  };
  const who = { kind: "user", subject: "ada" } as const;
  expect(await erasePersonal({ ...store, runs, openings }, tenant, who)).toMatchObject({ runs: 1 });
  const { subjects } = await store.costs.read(tenant, { fromDay: 0, toDay: 2, mostRows: 9 });
  expect(subjects).toEqual([{ name: null, micros: 3, tokens: 0 }]);
});

test("a run that somebody else removes meanwhile is not said to be cancelled", async () => {
  const { runs, ...store } = createInMemoryStore({ enlist: () => undefined });
  const tenant = "acme" as TenantId;
  const about = { agent: "a", parent: null, subject: `${tenant}\nuser\nada`, createdAtMs: startMs };
  for (const ended of [true, false]) {
    const run = newRun();
    await runs.create({ run, tenant, events: [Buffer.from("{}")], about });
    const append = { run, epoch: 0, head: 1, events: [Buffer.from("{}")], endedAtMs: startMs };
    if (ended) await store.commit({ append: { ...append, ended } });
  }
  const meanwhile: EraseOptions["runs"] = {
    list: (...of) => runs.list(...of),
    remove: async () => false,
    post: async () => "missing",
  };
  const who = { kind: "user", subject: "ada" } as const;
  const erased = await erasePersonal({ ...store, runs: meanwhile, openings }, tenant, who);
  expect(erased).toMatchObject({ runs: 0, runsLeft: 0 });
});

test("what somebody wrote into memories goes, wherever it lies, and what others wrote stays", async () => {
  const { memory, ...store } = createInMemoryStore();
  const tenant = newTenant();
  const shared = { tenant, scope: "agent:desk" };
  const toSubject = (name: string) => `${tenant}\nuser\n${name}`;
  for (const [key, name] of Object.entries({ a: "ann", b: "bob", c: "ann" }))
    await memory.write(toDraft(shared, { key, subject: toSubject(name) }), { rows: 9 });
  const own = { tenant, scope: "subject:x" };
  await memory.write(toDraft(own, { subject: toSubject("ann") }), { rows: 9 });
  const who = { kind: "user", subject: "ann" } as const;
  const erased = await erasePersonal({ ...store, memory, openings }, tenant, who);
  expect(erased.memories).toBe(3);
  expect((await memory.list(shared, { limit: 9 })).map(({ key }) => key)).toEqual(["b"]);
  expect(await memory.list(own, { limit: 9 })).toEqual([]);
});
