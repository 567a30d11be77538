import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../system/system-clock.ts";
import { systemRandom } from "../system/system-random.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "./embedded-postgres.ts";
import { boundServerLog } from "./server-log.ts";

vi.setConfig({ testTimeout: 120_000 });

// A disk that can be filled without harm: a small file system in memory, which root alone mounts.
const canMount = process.getuid?.() === 0 && process.platform === "linux";

let disk: string;
let running: EmbeddedPostgres | undefined;

beforeEach(() => {
  disk = mkdtempSync(path.join(tmpdir(), "cs-disk-"));
});

afterEach(async () => {
  resize("512m");
  await running?.stop();
  running = undefined;
  if (canMount) execFileSync("umount", [disk]);
  rmSync(disk, { recursive: true, force: true });
});

function mount(size: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=755`, "countersign-test", disk]);
}

function resize(size: string, access = "rw"): void {
  if (canMount) execFileSync("mount", ["-o", `remount,${access},size=${size}`, disk]);
}

async function start(): Promise<EmbeddedPostgres> {
  running = await startEmbeddedPostgres({
    dataDir: path.join(disk, "pg"),
    clock: systemClock,
    random: systemRandom,
    log: () => undefined,
  });
  return running;
}

test("a disk too small for a cluster is said to be full, and a larger one is used", async (context) => {
  context.skip(!canMount, "a small disk takes root on Linux to mount");
  mount("12m");
  await expect(start()).rejects.toMatchObject({ code: "store_full" });
  resize("512m");
  expect((await start()).adopted).toBe(false);
});

test("a read-only disk is named as such, before and after there is a cluster", async (context) => {
  context.skip(!canMount, "a small disk takes root on Linux to mount");
  mount("512m");
  resize("512m", "ro");
  await expect(start()).rejects.toMatchObject({ code: "store_read_only" });
  resize("512m", "rw");
  await (await start()).stop();
  running = undefined;
  resize("512m", "ro");
  await expect(start()).rejects.toMatchObject({ code: "store_read_only" });
  resize("512m", "rw");
  await start();
});

test("a full log on a full disk makes room rather than trouble", (context) => {
  context.skip(!canMount, "a small disk takes root on Linux to mount");
  mount("20m");
  const file = path.join(disk, "postgres.log");
  writeFileSync(file, Buffer.alloc(9 * 1024 * 1024));
  writeFileSync(path.join(disk, "filler"), Buffer.alloc(9 * 1024 * 1024));
  boundServerLog(file);
  expect(statSync(file).size).toBe(0);
  expect(existsSync(`${file}.1`)).toBe(false);
});

test("a disk that fills up loses nothing acknowledged, and writing goes on by itself", async (context) => {
  context.skip(!canMount, "a small disk takes root on Linux to mount");
  mount("110m");
  const { url } = await start();
  await write(url, "create table kept (n int primary key, filler text)");
  await write(url, "alter table kept alter filler set storage external");
  let acknowledged = 0;
  let refusal: unknown;
  while (refusal === undefined && acknowledged < 5_000) {
    const statement = `insert into kept values (${acknowledged + 1}, repeat('filler', 50000))`;
    await write(url, statement).then(
      () => (acknowledged += 1),
      (error: unknown) => (refusal = error),
    );
  }
  expect(acknowledged).toBeGreaterThan(10);
  expect(String(refusal)).toMatch(/No space left|terminat|recovery|ECONN|server closed/i);
  resize("512m");
  await expect
    .poll(
      () =>
        write(url, `insert into kept values (${acknowledged + 2}, '')`).then(
          () => "written",
          () => "not yet",
        ),
      {
        timeout: 30_000,
        interval: 200,
      },
    )
    .toBe("written");
  const [row] = await write(url, `select count(*)::int as n from kept where n <= ${acknowledged}`);
  expect(row).toEqual({ n: acknowledged });
});

async function write(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
