import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createTestKeys } from "../../test/ledger/ledger-scene.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import { readNote, splitNotes } from "../ledger/ledger-keys.ts";
import type { TenantId } from "../model/index.ts";
import { keepCheckpoints } from "./keep-checkpoints.ts";

const tenant = "acme" as TenantId;

async function open() {
  const root = mkdtempSync(path.join(tmpdir(), "cs-kept-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const directory = path.join(root, "a", "b");
  const keys = await createTestKeys();
  const toNote = (size: number, epoch = 1) =>
    keys.sign({ origin: `test.example/acme/${epoch}`, size, root: new Uint8Array(32).fill(size) });
  const checkpoints = await keepCheckpoints({ directory, clock: systemClock });
  const file = (name: string) => path.join(directory, name);
  return { directory, checkpoints, toNote, file, root };
}

test("the latest is kept for this user alone, and no draft is left", async () => {
  const { checkpoints, toNote, directory, file } = await open();
  expect(await checkpoints.latest(tenant)).toBeNull();
  expect(await checkpoints.tenants()).toEqual([]);
  await Promise.all([1, 2, 3].map((size) => checkpoints.keep(tenant, toNote(size))));
  expect(await checkpoints.latest(tenant)).toBe(toNote(3));
  expect(await checkpoints.tenants()).toEqual([tenant]);
  expect(readdirSync(directory).toSorted()).toEqual(["acme.checkpoint", "acme.history"]);
  expect(statSync(file("acme.checkpoint")).mode & 0o777).toBe(0o600);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test("it never goes back: neither in size nor in epoch", async () => {
  const { checkpoints, toNote } = await open();
  await checkpoints.keep(tenant, toNote(5));
  await checkpoints.keep(tenant, toNote(4));
  expect(readNote((await checkpoints.latest(tenant))!)?.size).toBe(5);
  await checkpoints.keep(tenant, toNote(1, 2));
  await checkpoints.keep(tenant, toNote(9));
  expect(readNote((await checkpoints.latest(tenant))!)).toMatchObject({ epoch: 2, size: 1 });
});

test("one each ten minutes goes to the history, which is bounded", async () => {
  const { checkpoints, toNote, file } = await open();
  const read = () => splitNotes(readFileSync(file("acme.history"), "utf8"));
  await checkpoints.keep(tenant, toNote(1));
  await checkpoints.keep(tenant, toNote(2));
  expect(read()).toEqual([toNote(1)]);
  const past = new Date(systemClock.nowMs() - 10 * 60_000);
  utimesSync(file("acme.history"), past, past);
  await checkpoints.keep(tenant, toNote(3));
  expect(read()).toEqual([toNote(1), toNote(3)]);
  // A checkpoint of size 7 ten thousand times over.
  writeFileSync(file("acme.history"), `${toNote(7)}\n`.repeat(10_000));
  utimesSync(file("acme.history"), past, past);
  await checkpoints.keep(tenant, toNote(8));
  expect(read()).toHaveLength(9_000);
  expect(read().at(-1)).toBe(toNote(8));
});

test("what a full disk left of a note spoils neither the one before nor the one after", async () => {
  const { checkpoints, toNote, file } = await open();
  const read = () => splitNotes(readFileSync(file("acme.history"), "utf8"));
  const past = new Date(systemClock.nowMs() - 10 * 60_000);
  await checkpoints.keep(tenant, toNote(1));
  const torn = toNote(2);
  let kept = [toNote(1)];
  // Within the origin, behind the text, within and behind the signature.
  const ends = [9, torn.indexOf("\n\n") + 2, torn.length - 9, torn.length - 1, torn.length];
  for (const [at, end] of ends.entries()) {
    appendFileSync(file("acme.history"), torn.slice(0, end));
    utimesSync(file("acme.history"), past, past);
    await checkpoints.keep(tenant, toNote(3 + at));
    kept = [...kept, ...(end === torn.length ? [torn] : []), toNote(3 + at)];
    expect(read(), String(end)).toEqual(kept);
  }
});

test("a clock that went back holds the history up by ten minutes at most", async () => {
  const { checkpoints, toNote, file } = await open();
  await checkpoints.keep(tenant, toNote(1));
  const ahead = new Date(systemClock.nowMs() + 24 * 60 * 60_000);
  utimesSync(file("acme.history"), ahead, ahead);
  await checkpoints.keep(tenant, toNote(2));
  expect(splitNotes(readFileSync(file("acme.history"), "utf8"))).toEqual([toNote(1), toNote(2)]);
  await checkpoints.keep(tenant, toNote(3));
  expect(splitNotes(readFileSync(file("acme.history"), "utf8"))).toHaveLength(2);
});

test("what cannot be kept is a fault that names the directory", async () => {
  const { checkpoints, toNote, directory, file, root } = await open();
  writeFileSync(path.join(root, "a file"), "");
  await expect(
    keepCheckpoints({ directory: path.join(root, "a file", "x"), clock: systemClock }),
  ).rejects.toMatchObject({
    code: "checkpoints_unusable",
    details: { directory: expect.any(String) as string },
  });
  rmSync(directory, { recursive: true });
  await expect(checkpoints.keep(tenant, toNote(1))).rejects.toMatchObject({
    code: "checkpoints_unusable",
  });
  await expect(checkpoints.keep(tenant, "no note")).rejects.toThrow("not a checkpoint");
  chmodSync(root, 0o700);
  expect(() => statSync(file("acme.checkpoint"))).toThrow("ENOENT");
});
