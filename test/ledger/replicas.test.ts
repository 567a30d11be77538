import { spawn, execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { readNote, splitNotes } from "../../src/ledger/ledger-keys.ts";
import { toLeaf, toRoot } from "../../src/ledger/tree.ts";
import type { EntryId, TenantId } from "../../src/model/index.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { usePostgres } from "../postgres.ts";
import { scaled, seed } from "../scale.ts";
import { createScene, writeCall, writeReads } from "./ledger-scene.ts";
import { openPostgresScene, verifyScene } from "./postgres-scene.ts";

const postgres = usePostgres();
const tenant = "acme" as TenantId;
const program = new URL("sequencer-process.ts", import.meta.url).pathname;

function startProcess(url: string, directory: string) {
  const child = spawn(process.execPath, [program, url, directory]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const exited = once(child, "exit");
  return { child, exited, out: () => out, err: () => err };
}

async function until(holds: () => boolean | Promise<boolean>, withinMs = 120_000): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + withinMs;
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error("it did not come to pass");
    await systemClock.sleep(10);
  }
}

test("I5: two replicas write while the sequencer is killed again and again: each entry once, no fork", async () => {
  const url = await postgres.freshDatabase();
  const random = createSeededRandom(seed());
  const [one, other] = [await openPostgresScene(url), await openPostgresScene(url)];
  const { directory } = one;
  const written = new Set<string>();
  let isOver = false;
  const writing = [one, other].map(async (scene) => {
    while (!isOver) {
      const rows = await writeReads(scene, tenant, 1 + Math.floor(random.fraction() * 60));
      for (const { id } of rows) written.add(id);
      await systemClock.sleep(scaled({ test: 5, prove: 200 }));
    }
  });
  const kills = scaled({ test: 3, prove: 100 });
  const notes: string[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    // Two processes at once: the one that does not lead takes over.
    const pair = [startProcess(url, directory), startProcess(url, directory)];
    await until(() => pair.some(({ out }) => out().includes("leading")));
    await systemClock.sleep(random.fraction() * 900);
    for (const { child, exited, err } of pair) {
      child.kill("SIGKILL");
      await exited;
      expect(err()).toBe("");
    }
    const note = await one.checkpoints.latest(tenant);
    if (note !== null) notes.push(note);
  }
  isOver = true;
  await Promise.all(writing);
  const last = startProcess(url, directory);
  await until(async () => (await one.store.log.dueOf(tenant)) === null);
  last.child.kill("SIGKILL");
  await last.exited;

  const [head] = await one.store.log.heads(tenant);
  const rows = [];
  for (let after = 0n; ;) {
    const page = await one.store.entries.page(tenant, { after, limit: 10_000 });
    if (page.length === 0) break;
    rows.push(...page);
    after = page.at(-1)!.cursor;
  }
  expect(new Set(rows.map(({ id }) => id))).toEqual(written);
  expect(head!.size).toBe(rows.length);
  const root = toRoot(rows.map(({ bytes }) => toLeaf(bytes)));
  expect(Buffer.from(head!.root)).toEqual(Buffer.from(root));
  expect(Buffer.from(readNote(head!.signed!.note)!.root)).toEqual(Buffer.from(root));
  // Whatever was ever signed is a beginning of what there is now.
  const history = splitNotes(readFileSync(path.join(directory, "acme.history"), "utf8"));
  const report = await verifyScene(one, tenant, [...notes, ...history]);
  expect(report).toMatchObject({ verified: true, findings: [] });
  const sizes = new Set(report.checkpoints.map(({ size }) => size));
  console.log(`${written.size} entries, ${kills} kills of two, ${sizes.size} checkpoints compared`);
}, 1_800_000);

test("an older database is not signed, and what was lost stays seen after it is reopened", async () => {
  const url = await postgres.freshDatabase();
  const scene = await openPostgresScene(url);
  await writeReads(scene, tenant, 300);
  await scene.writer(tenant).advance();
  await scene.close();
  const backup = new URL(url);
  backup.pathname = `${backup.pathname}_backup`;
  const admin = new pg.Client({ connectionString: postgres.url() });
  await admin.connect();
  onTestFinished(() => admin.end());
  const name = (of: URL | string) => new URL(of).pathname.slice(1);
  await until(async () => {
    const made = await admin
      .query(`create database ${name(backup)} template ${name(url)}`)
      .catch(() => null);
    return made !== null;
  });

  const on = await openPostgresScene(url, scene.directory);
  await writeReads(on, tenant, 50);
  await on.writer(tenant).advance();
  const elsewhere = (await on.checkpoints.latest(tenant))!;

  // The backup is put in the place of the database; what is kept outside is not part of it.
  const restored = await openPostgresScene(backup.toString(), scene.directory);
  expect(await restored.ledger.state(tenant)).toMatchObject({
    state: "forked",
    reason: "test.example/acme/1 was signed at size 350, and the database has 300",
  });
  const late = await writeReads(restored, tenant, 20);
  expect(await restored.writer(tenant).advance()).toMatchObject({ kind: "forked" });
  expect((await restored.store.log.heads(tenant))[0]).toMatchObject({ size: 300 });
  expect(await restored.checkpoints.latest(tenant)).toBe(elsewhere);

  expect(await restored.ledger.reopen({ tenant, force: false })).toEqual({
    origin: "test.example/acme/2",
    gap: "restore:test.example/acme/1@350",
  });
  expect(await restored.writer(tenant).advance()).toEqual({ kind: "sound" });
  const signal = new AbortController().signal;
  const receipt = (id: EntryId) => restored.ledger.receipt({ tenant, id, subject: null, signal });
  const given = await receipt(late[19]!.id);
  expect(given.checkpoint).toContain("test.example/acme/2\n21\n");
  const report = await verifyScene(restored, tenant, [elsewhere]);
  expect(report.findings).toMatchObject([{ kind: "cut", index: 300 }]);
  expect(report.restores).toEqual([
    "test.example/acme/2 began after restore:test.example/acme/1@350",
  ]);
  expect((await verifyScene(restored, tenant, [])).verified).toBe(true);
});

test("a log that could not be signed when it was reopened is reopened again, and verifies", async () => {
  const scene = await openPostgresScene(await postgres.freshDatabase());
  await writeReads(scene, tenant, 10);
  await scene.writer(tenant).advance();
  const { checkpoints } = scene;
  let left = 0;
  const keep = async (of: TenantId, note: string) => {
    if ((left -= 1) < 0) throw new Error("the disk is full");
    await checkpoints.keep(of, note);
  };
  const full = await createScene({ ...scene, checkpoints: { ...checkpoints, keep } });
  const early = full.ledger.reopen({ tenant, force: true });
  await expect(early).rejects.toThrow("the disk is full");
  expect(await scene.ledger.state(tenant)).toMatchObject({ state: "sound" });
  for (let tries = 0; tries < 3; tries += 1) {
    left = 1;
    const reopening = full.ledger.reopen({ tenant, force: true });
    await expect(reopening).rejects.toThrow("the disk is full");
    expect(await scene.ledger.state(tenant)).toMatchObject({ state: "forked" });
  }
  await writeReads(scene, tenant, 3);
  expect(await scene.ledger.reopen({ tenant, force: false })).toEqual({
    origin: "test.example/acme/5",
    gap: "restore:test.example/acme/1@10",
  });
  expect(await scene.writer(tenant).advance()).toEqual({ kind: "sound" });
  const report = await verifyScene(scene, tenant, []);
  expect(report).toMatchObject({ verified: true, findings: [], entries: 14 });
});

test("a log that is gone on with while somebody asks how it is, is sound", async () => {
  const scene = await openPostgresScene(await postgres.freshDatabase());
  await writeReads(scene, tenant, 3);
  const writer = scene.writer(tenant);
  await writer.advance();
  // Between the two looks, at the head and at what is kept, the sequencer keeps the next one.
  const latest = async (of: TenantId) => {
    await writeReads(scene, tenant, 3);
    await writer.advance();
    return scene.checkpoints.latest(of);
  };
  const asking = await createScene({ ...scene, checkpoints: { ...scene.checkpoints, latest } });
  expect(await asking.ledger.state(tenant)).toMatchObject({ state: "sound", reason: null });
});

test("receipts of every call verify, one of them in a process with the public key alone", async () => {
  const scene = await openPostgresScene(await postgres.freshDatabase());
  const count = scaled({ test: 1_000, prove: 100_000 });
  const calls = Math.ceil(count / 10);
  const ids: EntryId[] = [];
  for (let at = 0; at < calls; at += 50) {
    const made = await Promise.all(
      Array.from({ length: Math.min(50, calls - at) }, () => writeCall(scene, tenant)),
    );
    ids.push(...made.map(({ id }) => id));
  }
  const reads = await writeReads(scene, tenant, count - calls);
  const writer = scene.writer(tenant);
  while ((await scene.store.log.dueOf(tenant)) !== null) await writer.advance();
  const { verifyReceipt } = await import("../../src/ledger/verify-receipt.ts");
  const trust = { keys: scene.keys.verifiers, passkeys: null };
  const signal = new AbortController().signal;
  const all = [...ids, ...reads.map(({ id }) => id)];
  expect(all).toHaveLength(count);
  let receipts = 0;
  for (let at = 0; at < all.length; at += 20) {
    const texts = await Promise.all(
      all.slice(at, at + 20).map(async (id) => {
        return JSON.stringify(await scene.ledger.receipt({ tenant, id, subject: null, signal }));
      }),
    );
    for (const text of texts) {
      const { verified, problems } = await verifyReceipt(text, trust);
      if (!verified) throw new Error(JSON.stringify(problems));
      receipts += 1;
    }
  }
  expect(receipts).toBe(count);

  const directory = mkdtempSync(path.join(tmpdir(), "cs-receipt-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const receipt = await scene.ledger.receipt({ tenant, id: ids[0]!, subject: null, signal });
  const file = path.join(directory, "receipt.json");
  writeFileSync(file, JSON.stringify(receipt));
  const countersign = path.join(import.meta.dirname, "../../bin/countersign.js");
  const run = (...argv: readonly string[]) =>
    promisify(execFile)(process.execPath, [countersign, "receipts", "verify", ...argv], {
      cwd: directory,
      env: { PATH: process.env["PATH"] ?? "", HOME: directory },
    }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }),
    );
  const verified = await run(file, "--key", scene.keys.verifiers[0]!);
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining("verifies") });
  writeFileSync(file, JSON.stringify(receipt).replace('"index":0', '"index":2'));
  expect(await run(file, "--key", scene.keys.verifiers[0]!)).toMatchObject({ code: 10 });
}, 1_800_000);
