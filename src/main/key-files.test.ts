import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemRandom } from "../adapters/system/system-random.ts";
import { createKeyring, hashKey } from "../authority/keyring.ts";
import { ensureKeyFile } from "./key-files.ts";

async function configDirectory(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), "countersign-keys-"));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return path.join(made, "countersign");
}

test("a key is made once, for this user alone, and another one for each role", async () => {
  const options = { configDirectory: await configDirectory(), random: systemRandom };
  const admin = await ensureKeyFile(options, "admin");
  const approver = await ensureKeyFile(options, "approver");
  expect(admin.made && approver.made).toBe(true);
  expect(admin.key).toMatch(/^csk_[A-Za-z0-9_-]{43}$/);
  expect(admin.key).not.toBe(approver.key);
  expect((await stat(options.configDirectory)).mode & 0o777).toBe(0o700);
  expect((await stat(admin.file)).mode & 0o777).toBe(0o600);
  expect(await ensureKeyFile(options, "admin")).toEqual({ ...admin, made: false });
});

test("servers that start together end up with the same key", async () => {
  const options = { configDirectory: await configDirectory(), random: systemRandom };
  const all = await Promise.all([1, 2, 3, 4].map(() => ensureKeyFile(options, "admin")));
  expect(new Set(all.map(({ key }) => key)).size).toBe(1);
  expect(all.filter(({ made }) => made)).toHaveLength(1);
  expect((await readFile(all[0]!.file, "utf8")).trim()).toBe(all[0]!.key);
});

test("a key that others may read, or that is none, is refused and its value not repeated", async () => {
  const options = { configDirectory: await configDirectory(), random: systemRandom };
  const { file, key } = await ensureKeyFile(options, "admin");
  await chmod(file, 0o644);
  const open = await ensureKeyFile(options, "admin").catch((error: unknown) => error);
  expect(open).toMatchObject({ code: "keys_unusable", details: { file, mode: "644" } });
  expect(String(open)).not.toContain(key);
  await chmod(file, 0o600);
  await writeFile(file, "hunter2");
  const broken = await ensureKeyFile(options, "admin").catch((error: unknown) => error);
  expect(broken).toMatchObject({ code: "keys_unusable", details: { file } });
  expect(String(broken)).not.toContain("hunter2");
});

test("the ring knows keys by their hash", () => {
  const ring = createKeyring([
    { id: "a", role: "admin", sha256: hashKey("one") },
    { id: "b", role: "approver", sha256: hashKey("two") },
  ]);
  expect(ring.identify("one")).toMatchObject({ id: "a", access: ["admin"] });
  // Whoever approves calls nothing.
  expect(ring.identify("two")).toMatchObject({ id: "b", access: ["approver"], principal: null });
  expect(ring.identify(hashKey("one"))).toBeNull();
  expect(ring.identify("")).toBeNull();
});
