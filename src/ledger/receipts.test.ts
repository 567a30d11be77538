import { expect, test } from "vitest";
import {
  createScene,
  plainOpenings,
  startMs,
  toReadEntry,
  writeCall,
  writeReads,
} from "../../test/ledger/ledger-scene.ts";
import {
  receiptSchema,
  toCommitment,
  toDigest,
  toEntryBytes,
  type ApprovalId,
  type EntryId,
  type Receipt,
  type TenantId,
} from "../model/index.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import { sealVerdicts } from "../ports/verdicts.ts";
import { verifyReceipt } from "./verify-receipt.ts";

const tenant = "acme" as TenantId;
const subject = "acme\nservice\nbot";
const { signal } = new AbortController();

async function open() {
  const clock = createManualClock(startMs);
  const parts = { store: createInMemoryStore(), clock, random: createSeededRandom(3) };
  const scene = await createScene({ ...parts, telemetry: createInMemoryTelemetry() });
  const read = (id: EntryId, of: string | null = null) =>
    scene.ledger.receipt({ tenant, id, subject: of, signal });
  const verify = (receipt: Receipt) =>
    verifyReceipt(JSON.stringify(receipt), { keys: scene.keys.verifiers, passkeys: null });
  return { ...scene, clock, read, verify };
}

test("a call's receipt is found by any entry of it, and verifies with what is still kept", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 300);
  const { id, outcome } = await writeCall(scene, tenant);
  await writeReads(scene, tenant, 40);
  await scene.writer(tenant).advance();
  const receipt = await scene.read(id);
  expect(receiptSchema.safeParse(receipt).success).toBe(true);
  expect(receipt.entries.map(({ index }) => index)).toEqual([300, 301]);
  expect(receipt.openings.map(({ of }) => of)).toEqual(["intent", "args", "result"]);
  expect(await scene.verify(receipt)).toMatchObject({ verified: true, problems: [] });
  expect(await scene.read(outcome)).toEqual(receipt);
  expect(await scene.read(outcome, subject)).toEqual(receipt);

  await scene.store.calls.erase(tenant, subject, 10);
  const erased = await scene.read(id);
  expect(erased.openings).toEqual([]);
  expect(await scene.verify(erased)).toMatchObject({ verified: true, problems: [] });
});

test("nobody reads the receipt of another tenant, or of another caller", async () => {
  const scene = await open();
  const { id } = await writeCall(scene, tenant);
  const [read] = await writeReads(scene, tenant, 1);
  await scene.writer(tenant).advance();
  const elsewhere = { tenant: "other" as TenantId, id, subject: null, signal };
  await expect(scene.ledger.receipt(elsewhere)).rejects.toMatchObject({ code: "not_found" });
  await expect(scene.read(id, "acme\nservice\nelse")).rejects.toMatchObject({ code: "not_found" });
  // Whose a read was is nowhere written down.
  await expect(scene.read(read!.id, subject)).rejects.toMatchObject({ code: "not_found" });
  expect(await scene.verify(await scene.read(read!.id))).toMatchObject({ verified: true });
  await expect(scene.read(scene.newId())).rejects.toMatchObject({ code: "not_found" });
  // What is somebody else's cannot be told from what is not there.
  const told = (asked: EntryId): Promise<string> =>
    scene.read(asked, "acme\nservice\nelse").then(
      () => "a receipt",
      (fault: Error) => fault.message,
    );
  const [theirs, nobodys, made] = [await told(id), await told(read!.id), scene.newId()];
  expect(theirs.replace(id, "")).toBe((await told(made)).replace(made, ""));
  expect(nobodys.replace(read!.id, "")).toBe(theirs.replace(id, ""));
});

test("a row that was made out to another caller opens nothing to that one", async () => {
  const scene = await open();
  const eve = "acme\nservice\neve";
  const { id } = await writeCall(scene, tenant, { subject: eve });
  await scene.writer(tenant).advance();
  const receipt = await scene.read(id, eve);
  expect(receipt.openings).toEqual([]);
  expect(await scene.verify(receipt)).toMatchObject({ verified: true });
  expect((await scene.read(id)).openings).toHaveLength(3);
});

test("what no checkpoint covers is waited for, and pending after three seconds", async () => {
  const scene = await open();
  const { id } = await writeCall(scene, tenant);
  const pass = async (ms: number): Promise<void> => {
    for (let elapsed = 0; elapsed < ms; elapsed += 100) {
      await new Promise((resolve) => setImmediate(resolve));
      scene.clock.advance(100);
    }
  };
  const [pending] = await Promise.allSettled([scene.read(id), pass(3_500)]);
  expect(pending).toMatchObject({ status: "rejected", reason: { code: "receipt_pending" } });
  const waiting = scene.read(id);
  await pass(200);
  await scene.writer(tenant).advance();
  await pass(1_000);
  expect((await waiting).entries).toHaveLength(2);
});

test("verdicts are in the receipt of the call that used their approval, people in their openings", async () => {
  const scene = await open();
  const { store, clock } = scene;
  const approval = scene.newId() as string as ApprovalId;
  const [entry, id, salt] = [scene.newId(), scene.newId(), new Uint8Array(32).fill(4)];
  const intent = toDigest("what is done");
  const request = new Uint8Array(1);
  const person = { approver: "acme\nuser\nada", credential: "key", reason: "fine" };
  const leaf = { v: 1, tenant, atMs: startMs } as const;
  const verdictBytes = toEntryBytes({
    kind: "verdict",
    ...leaf,
    id: entry,
    on: "approval",
    approval,
    intent,
    word: "approved",
    by: toCommitment(salt, person),
    passkey: null,
  });
  await store.approvals.create({
    id: approval,
    tenant,
    run: null,
    intent,
    key: toDigest("key"),
    server: "mail",
    tool: "send",
    agent: null,
    subject,
    request,
    opening: null,
    createdAtMs: startMs,
    expiresAtMs: startMs + 1_000,
  });
  const word = "approved" as const;
  const verdict = { entry, word, ...person, meets: [], passkey: null, atMs: startMs };
  await store.approvals.decide({
    tenant,
    id: approval,
    intent,
    to: "approved",
    seen: null,
    nowMs: clock.nowMs(),
    verdicts: await sealVerdicts(plainOpenings, { tenant, id: approval, intent, request }, [
      { ...verdict, salt: Buffer.from(salt).toString("hex") },
    ]),
    entry: { id: entry, tenant, bytes: verdictBytes },
  });
  const bytes = toEntryBytes({
    kind: "intent",
    ...leaf,
    id,
    run: null,
    previous: null,
    server: "mail",
    tool: "send",
    intent,
    approval,
    credential: null,
    decision: { kind: "ask", policy: toDigest("policy"), rules: [] },
  });
  const opens = {
    subject,
    server: "mail",
    tool: "send",
    intent,
    approval,
    run: null,
    notAfterMs: startMs + 1_000,
    opening: null,
    atMs: startMs,
    key: null,
  };
  await store.commit({ entries: [{ id, tenant, bytes, opens }] });
  await scene.writer(tenant).advance();

  const receipt = await scene.read(entry);
  expect(await scene.read(id)).toEqual(receipt);
  expect(receipt.entries).toHaveLength(2);
  expect(receipt.openings).toMatchObject([{ of: "verdict", value: person }]);
  expect(await scene.verify(receipt)).toMatchObject({ verified: true, problems: [] });
  // Whoever asked is not told who agreed.
  expect((await scene.read(id, subject)).openings).toEqual([]);
});

test("an entry that was altered in the database has no receipt", async () => {
  const scene = await open();
  const row = toReadEntry(scene, tenant);
  await scene.store.commit({ entries: [row] });
  await scene.writer(tenant).advance();
  const altered = Buffer.from(Buffer.from(row.bytes).toString().replace("answered", "denied"));
  const get = async () => ({ ...row, bytes: altered });
  const store = { ...scene.store, entries: { ...scene.store.entries, get } };
  const tampered = await createScene({ ...scene, store });
  const asked = { tenant, id: row.id, subject: null, signal };
  await expect(tampered.ledger.receipt(asked)).rejects.toMatchObject({ code: "record_unreadable" });
});

test("entries are listed with their place in the log, from the latest back", async () => {
  const scene = await open();
  const { id, outcome } = await writeCall(scene, tenant);
  await scene.writer(tenant).advance();
  const [waiting] = await writeReads(scene, tenant, 1);
  const listed = await scene.ledger.receipts({ tenant, after: null, limit: 10 });
  expect(listed).toMatchObject([
    { id: waiting!.id, kind: "outcome", outcome: "answered", index: null },
    { id: outcome, kind: "outcome", server: "mail", tool: "send", outcome: "answered", index: 1 },
    { id, kind: "intent", server: "mail", tool: "send", outcome: null, index: 0 },
  ]);
  const rest = await scene.ledger.receipts({ tenant, after: outcome, limit: 10 });
  expect(rest.map((each) => each.id)).toEqual([id]);
  expect(
    await scene.ledger.receipts({ tenant: "other" as TenantId, after: null, limit: 9 }),
  ).toEqual([]);
});

test("a page of entries asks the store as often as one entry does", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 50);
  await scene.writer(tenant).advance();
  const askedFor: string[] = [];
  const { log } = scene.store;
  const counted = new Proxy(log, {
    get: (target, name: keyof typeof log) => {
      const method = target[name].bind(target) as (...given: unknown[]) => unknown;
      return (...given: unknown[]) => (askedFor.push(name), method(...given));
    },
  });
  const { ledger } = await createScene({ ...scene, store: { ...scene.store, log: counted } });
  for (const limit of [1, 50]) {
    askedFor.length = 0;
    const listed = await ledger.receipts({ tenant, after: null, limit });
    expect(listed.map(({ index }) => index)).toEqual(
      Array.from({ length: limit }, (_, at) => 49 - at),
    );
    expect(askedFor).toEqual(["latest", "locate"]);
  }
});
