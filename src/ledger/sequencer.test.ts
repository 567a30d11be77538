import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  createScene,
  createTestKeys,
  startMs,
  writeReads,
  type Scene,
  type SceneParts,
} from "../../test/ledger/ledger-scene.ts";
import { fromEntryBytes, toUuidV7, type TenantId } from "../model/index.ts";
import { createInMemoryCheckpoints, type Checkpoints } from "../ports/checkpoints.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import { createLedgerKeys, readNote } from "./ledger-keys.ts";
import { toLeaf, toRoot } from "./tree.ts";

const tenant = "acme" as TenantId;
const other = "other" as TenantId;

let opened = 0;

function open(changes: Partial<SceneParts> = {}) {
  const clock = createManualClock(startMs);
  const telemetry = createInMemoryTelemetry({ clock });
  const parts = {
    store: createInMemoryStore(),
    clock,
    telemetry,
    random: createSeededRandom((opened += 1)),
  };
  return createScene({ ...parts, ...changes }).then((scene) => ({ ...scene, clock, telemetry }));
}

/** Lets the sequencer do what it does in that time: it is done where it sleeps. */
async function pass(scene: Awaited<ReturnType<typeof open>>, ms: number): Promise<void> {
  for (let elapsed = 0; elapsed < ms; elapsed += 100) {
    scene.clock.advance(100);
    do await setImmediate();
    while (scene.clock.sleeping === 0);
  }
}

async function readSigned(scene: Scene, of: TenantId) {
  const [head] = await scene.store.log.heads(of);
  return head?.signed === null || head === undefined ? null : readNote(head.signed.note);
}

async function rootOf(scene: Scene, of: TenantId) {
  const rows = await scene.store.entries.page(of, { after: 0n, limit: 10_000 });
  return toRoot(rows.map(({ bytes }) => toLeaf(bytes)));
}

test("takes in what was written, signs it and keeps it outside", async () => {
  const scene = await open();
  const sequencer = scene.sequence();
  await writeReads(scene, tenant, 300);
  await writeReads(scene, other, 3);
  await pass(scene, 1_000);
  expect(await readSigned(scene, tenant)).toMatchObject({
    origin: "test.example/acme/1",
    size: 300,
  });
  expect(Buffer.from((await readSigned(scene, tenant))!.root)).toEqual(
    Buffer.from(await rootOf(scene, tenant)),
  );
  expect(await readSigned(scene, other)).toMatchObject({ origin: "test.example/other/1", size: 3 });
  const [head] = await scene.store.log.heads(tenant);
  expect(await scene.checkpoints.latest(tenant)).toBe(head!.signed!.note);
  expect(await scene.keys.open(head!.signed!.note)).toMatchObject({ size: 300, tenant });

  await writeReads(scene, tenant, 1_500);
  await pass(scene, 1_500);
  expect(await readSigned(scene, tenant)).toMatchObject({ size: 1_800 });
  expect(Buffer.from((await readSigned(scene, tenant))!.root)).toEqual(
    Buffer.from(await rootOf(scene, tenant)),
  );
  expect(scene.telemetry.value("ledger_entries")).toBe(1_803);
  await pass(scene, 500);
  expect(scene.telemetry.value("ledger_waiting_entries")).toBe(0);
  await sequencer.close();
  // The lead is free again.
  expect(await scene.store.log.lead()).not.toBeNull();
});

test("a head that was committed and not signed is signed by the next leader, and stays as it is", async () => {
  const kept = createInMemoryCheckpoints();
  let isBroken = true;
  const checkpoints: Checkpoints = {
    ...kept,
    keep: async (of, note) => {
      if (isBroken) throw new Error("the disk is full");
      await kept.keep(of, note);
    },
  };
  const scene = await open({ checkpoints });
  await writeReads(scene, tenant, 5);
  await expect(scene.writer(tenant).advance()).rejects.toThrow("the disk is full");
  const [unsigned] = await scene.store.log.heads(tenant);
  // What could not be kept was not signed either.
  expect([unsigned!.size, unsigned!.signed]).toEqual([5, null]);
  isBroken = false;
  expect(await scene.writer(tenant).advance()).toEqual({ kind: "sound" });
  expect(await readSigned(scene, tenant)).toMatchObject({ size: 5, root: unsigned!.root });
});

test("two that write at once never fork, and take in each entry once", async () => {
  const scene = await open();
  const writers = [scene.writer(tenant), scene.writer(tenant)];
  for (let round = 0; round < 30; round += 1) {
    await writeReads(scene, tenant, 7);
    await Promise.allSettled(writers.map((writer) => writer.advance()));
  }
  await writers[0]!.advance().catch(() => writers[0]!.advance());
  expect(await readSigned(scene, tenant)).toMatchObject({ size: 210 });
  expect(Buffer.from((await readSigned(scene, tenant))!.root)).toEqual(
    Buffer.from(await rootOf(scene, tenant)),
  );
  expect(scene.telemetry.value("ledger_entries")).toBe(210);
});

test("a database that is older than what was signed is not signed, until it is reopened", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 10);
  await scene.writer(tenant).advance();
  // The store of the backup: the same first entries, and others after them.
  const restored = await open({ checkpoints: scene.checkpoints });
  const rows = await scene.store.entries.page(tenant, { after: 0n, limit: 4 });
  for (const row of rows) await restored.store.commit({ entries: [row] });
  await restored.store.log.begin(tenant, startMs);
  const sequencer = restored.sequence();
  await writeReads(restored, tenant, 2);
  await pass(restored, 3_000);
  expect(await readSigned(restored, tenant)).toBeNull();
  expect(restored.telemetry.value("ledger_forked")).toBe(1);
  const said = restored.telemetry.lines.filter((line) => line.includes("a ledger is not signed"));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("was signed at size 10, and the database has 0");
  expect(await restored.ledger.state(tenant)).toMatchObject({
    state: "forked",
    reason: expect.stringContaining("size 10"),
    waiting: 6,
  });

  const reopened = await restored.ledger.reopen({ tenant, force: false });
  expect(reopened).toEqual({
    origin: "test.example/acme/2",
    gap: "restore:test.example/acme/1@10",
  });
  await pass(restored, 8_000);
  expect(await readSigned(restored, tenant)).toMatchObject({
    origin: "test.example/acme/2",
    size: 7,
  });
  const [first] = await restored.store.log.readLeaves(
    { tenant, epoch: 2 },
    { fromTile: 0, tiles: 1 },
  );
  expect(first!.entries.map(({ bytes }) => fromEntryBytes(bytes).kind)).toEqual([
    "gap",
    ...Array.from({ length: 6 }, () => "outcome"),
  ]);
  expect(fromEntryBytes(first!.entries[0]!.bytes)).toMatchObject({ replica: reopened.gap });
  expect(await restored.ledger.state(tenant)).toMatchObject({ state: "sound", reason: null });
  expect(restored.telemetry.value("ledger_forked")).toBe(0);
  await expect(restored.ledger.reopen({ tenant, force: false })).rejects.toMatchObject({
    code: "request_invalid",
  });
  await sequencer.close();
});

test("a log that was reopened is not called forked any more, also where nothing is written to it", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 3);
  await scene.writer(tenant).advance();
  const emptied = await open({ checkpoints: scene.checkpoints });
  await emptied.store.log.begin(tenant, startMs);
  const sequencer = emptied.sequence();
  await pass(emptied, 1_000);
  expect(emptied.telemetry.value("ledger_forked")).toBe(1);
  await emptied.ledger.reopen({ tenant, force: false });
  await pass(emptied, 6_000);
  expect(emptied.telemetry.value("ledger_forked")).toBe(0);
  await sequencer.close();
});

test("a tree that was written anew is not signed, nor an epoch that our keys did not open", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 10);
  await scene.writer(tenant).advance();

  const forged = await open({ checkpoints: scene.checkpoints });
  await writeReads(forged, tenant, 12);
  // Everything in it fits together, and was signed by somebody else.
  const theirs = await createScene({
    ...forged,
    keys: await createTestKeys(9),
    checkpoints: createInMemoryCheckpoints(),
  });
  await theirs.writer(tenant).advance();
  const standing = await forged.writer(tenant).advance();
  expect(standing).toMatchObject({
    kind: "forked",
    reason: expect.stringContaining("another tree"),
  });

  const [head] = await theirs.store.log.heads(tenant);
  const gap = { id: scene.newId(), tenant, bytes: new Uint8Array(3) };
  await theirs.store.log.reopen({ tenant, from: head!, end: head!, epoch: 2, gap, atMs: startMs });
  expect(await forged.writer(tenant).advance()).toMatchObject({
    kind: "forked",
    reason: expect.stringContaining("none of our keys signed it"),
  });
  // And one that they signed is not one of ours either.
  await theirs.ledger.reopen({ tenant, force: true });
  expect(await forged.writer(tenant).advance()).toMatchObject({
    kind: "forked",
    reason: expect.stringContaining("not signed with ledger.signingKeys"),
  });
});

test("tiles that do not give the head's root are not gone on from", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 3);
  await scene.writer(tenant).advance();
  const [head] = await scene.store.log.heads(tenant);
  const tile = {
    level: 0,
    index: 0,
    bytes: new Uint8Array(96),
    cursors: { first: 16n, last: 48n },
  };
  await scene.store.log.integrate({ tenant, epoch: 1, from: head!, to: head!, tiles: [tile] });
  expect(await scene.writer(tenant).advance()).toMatchObject({ kind: "forked" });
});

test("a checkpoint outside that nobody can believe stops the signing", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 3);
  await scene.checkpoints.keep(tenant, "garbage");
  expect(await scene.writer(tenant).advance()).toMatchObject({
    kind: "forked",
    reason: expect.stringContaining("cannot be believed"),
  });
  const elsewhere = await open();
  await writeReads(elsewhere, other, 1);
  await elsewhere.writer(other).advance();
  await scene.checkpoints.keep(tenant, (await elsewhere.checkpoints.latest(other))!);
  expect(await scene.writer(tenant).advance()).toMatchObject({
    kind: "forked",
    reason: expect.stringContaining("test.example/other/1"),
  });
});

test("a store that fails is tried again, and other tenants go on", async () => {
  const scene = await open();
  let fails = 3;
  const { entries } = scene.store;
  const store = {
    ...scene.store,
    entries: {
      ...entries,
      page: async (...asked: Parameters<typeof entries.page>) => {
        if (asked[0] === tenant && fails-- > 0) throw new Error("no");
        return entries.page(...asked);
      },
    },
  };
  const broken = await createScene({ ...scene, store });
  await writeReads(scene, tenant, 2);
  await writeReads(scene, other, 2);
  const sequencer = broken.sequence();
  await pass(scene, 1_000);
  expect(await readSigned(scene, other)).toMatchObject({ size: 2 });
  expect(await readSigned(scene, tenant)).toBeNull();
  await pass(scene, 15_000);
  expect(await readSigned(scene, tenant)).toMatchObject({ size: 2 });
  expect(scene.telemetry.value("ledger_faults")).toBe(3);
  await sequencer.close();
});

test("a replica that falls silent leaves a gap in every log, once; one that beats does not", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 1);
  await writeReads(scene, other, 1);
  const sequencer = scene.sequence();
  const [dead, alive] = [1, 2].map((n) => toUuidV7(startMs, new Uint8Array(10).fill(n)));
  const beat = (id: string) =>
    scene.store.replicas.beat({
      id,
      durableToMs: scene.clock.nowMs() - 40,
      beatAtMs: scene.clock.nowMs(),
    });
  await beat(dead!);
  const diedMs = scene.clock.nowMs() - 40;
  for (let second = 0; second < 25; second += 1) {
    await beat(alive!);
    await pass(scene, 1_000);
  }
  const readGaps = async (of: TenantId) =>
    (await scene.store.entries.page(of, { after: 0n, limit: 100 }))
      .map(({ bytes }) => fromEntryBytes(bytes))
      .filter(({ kind }) => kind === "gap");
  expect(await readGaps(tenant)).toEqual([]);
  for (let second = 0; second < 40; second += 1) {
    await beat(alive!);
    await pass(scene, 1_000);
  }
  for (const of of [tenant, other]) {
    expect(await readGaps(of)).toMatchObject([{ replica: dead, fromMs: diedMs, tenant: of }]);
    expect(await readSigned(scene, of)).toMatchObject({ size: 2 });
  }
  expect((await scene.store.replicas.list(10)).map(({ id }) => id)).toEqual([alive]);
  await sequencer.close();
});

test("a key is rotated without a break: each checkpoint carries all of the ring", async () => {
  const [old, fresh] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const ring = (...seeds: Uint8Array[]) =>
    createLedgerKeys({ installation: "test.example", seeds });
  const [before, both, after, another] = [
    await ring(old),
    await ring(fresh, old),
    await ring(fresh),
    await ring(new Uint8Array(32).fill(3)),
  ];
  const scene = await open({ keys: before });
  await writeReads(scene, tenant, 1);
  await scene.writer(tenant).advance();
  for (const [keys, size] of [
    [both, 2],
    [after, 3],
  ] as const) {
    const next = await createScene({ ...scene, keys });
    await writeReads(next, tenant, 1);
    expect(await next.writer(tenant).advance()).toEqual({ kind: "sound" });
    expect(await readSigned(next, tenant)).toMatchObject({ size });
    const note = (await scene.checkpoints.latest(tenant))!;
    // Whoever has the old key alone is content until it is taken out.
    expect("refused" in (await before.open(note))).toBe(keys === after);
    expect("refused" in (await after.open(note))).toBe(false);
  }
  const replaced = await createScene({ ...scene, keys: another });
  await writeReads(replaced, tenant, 1);
  expect(await replaced.writer(tenant).advance()).toMatchObject({
    kind: "forked",
    reason: expect.stringContaining("cannot be believed"),
  });
});
