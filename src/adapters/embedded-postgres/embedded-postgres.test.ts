import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../system/system-clock.ts";
import { systemRandom } from "../system/system-random.ts";
import { openBinaries } from "./binaries.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "./embedded-postgres.ts";
import { findPostmaster } from "./postmaster-file.ts";

const isRoot = process.getuid?.() === 0;
const isOpen = isOpenToOthers(process.cwd());
const scenario = path.resolve("test/embedded-scenario.ts");
const ends: (() => unknown)[] = [];

afterEach(async () => {
  while (ends.length > 0) await ends.pop()!();
});

function isOpenToOthers(directory: string): boolean {
  if ((statSync(directory).mode & 0o001) === 0) return false;
  return directory === path.dirname(directory) || isOpenToOthers(path.dirname(directory));
}

function makeDirectory(mode = 0o755): string {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-embedded-"));
  chmodSync(directory, mode);
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({
    dataDir,
    clock: systemClock,
    random: systemRandom,
    log: () => undefined,
  });
  ends.push(() => postgres.stop());
  return postgres;
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

interface Said {
  readonly url: string;
  readonly pid: number;
  readonly adopted: boolean;
  readonly code: string;
  readonly message: string;
}

async function run(dataDir: string, uid?: number): Promise<{ child: ChildProcess; said: Said }> {
  const child = spawn(process.execPath, [scenario, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  ends.push(() => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  return { child, said: JSON.parse(line) as Said };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("a fresh directory becomes a Postgres with checksums and fsync, closed to everybody else", async () => {
  const directory = makeDirectory();
  const postgres = await start(path.join(directory, "pg"));
  expect(postgres.adopted).toBe(false);
  const settings = await query(
    postgres.url,
    `select current_setting('fsync') as fsync, current_setting('data_checksums') as checksums,
            current_setting('synchronous_commit') as sync, current_setting('listen_addresses') as listen,
            current_setting('server_encoding') as encoding`,
  );
  expect(settings).toEqual([
    { fsync: "on", checksums: "on", sync: "on", listen: "", encoding: "UTF8" },
  ]);
  expect(statSync(path.join(directory, "pg/cluster/countersign.password")).mode & 0o777).toBe(
    0o600,
  );
  expect(statSync(path.join(directory, "pg/socket")).mode & 0o777).toBe(0o700);
  const wrong = postgres.url.replace(/countersign:[^@]+@/, "countersign:guess@");
  await expect(query(wrong, "select 1")).rejects.toThrow(/password authentication failed/);
});

test("a second start finds the same data, and the same password", async () => {
  const dataDir = path.join(makeDirectory(), "pg");
  const first = await start(dataDir);
  await query(first.url, "create table kept as select 7 as n");
  await first.stop();
  expect(findPostmaster(path.join(dataDir, "cluster"))).toBeNull();
  const second = await start(dataDir);
  expect(second.url).toBe(first.url);
  expect(await query(second.url, "select n from kept")).toEqual([{ n: 7 }]);
});

test("the Postgres of a killed parent is adopted, not doubled", async () => {
  const dataDir = path.join(makeDirectory(), "pg");
  const { child, said } = await run(dataDir);
  await kill(child);
  const adopted = await start(dataDir);
  expect([adopted.adopted, adopted.pid, adopted.url]).toEqual([true, said.pid, said.url]);
  await adopted.stop();
  expect(findPostmaster(path.join(dataDir, "cluster"))).toBeNull();
});

test("a killed postmaster is started again with all that it acknowledged", async () => {
  const postgres = await start(path.join(makeDirectory(), "pg"));
  await query(postgres.url, "create table kept (n int)");
  await query(postgres.url, "insert into kept select generate_series(1, 1000)");
  const before = postgres.pid;
  const exited = new Promise<void>((resolve) => postgres.onExit(resolve));
  process.kill(before, "SIGKILL");
  await exited;
  await expect
    .poll(() => query(postgres.url, "select count(*)::int as n from kept").catch(() => null), {
      timeout: 20_000,
    })
    .toEqual([{ n: 1000 }]);
  await expect.poll(() => postgres.pid).not.toBe(before);
});

test("two that start at once end with one postmaster", async () => {
  const dataDir = path.join(makeDirectory(), "pg");
  const [one, two] = await Promise.all([run(dataDir), run(dataDir)]);
  expect(one.said.pid).toBe(two.said.pid);
  await Promise.all([kill(one.child), kill(two.child)]);
  const last = await start(dataDir);
  expect(last.pid).toBe(one.said.pid);
});

test("a pid that came back as somebody else's does not stand in the way", async () => {
  const dataDir = path.join(makeDirectory(), "pg");
  await (await start(dataDir)).stop();
  const file = path.join(dataDir, "cluster/postmaster.pid");
  writeFileSync(file, `${process.pid}\n${dataDir}/cluster\n1\n5432\n\n\n1 1\nready\n`);
  const again = await start(dataDir);
  expect(again.adopted).toBe(false);
  expect(again.pid).not.toBe(process.pid);
});

test("a directory of another major version is refused and left alone", async () => {
  const dataDir = path.join(makeDirectory(), "pg");
  await (await start(dataDir)).stop();
  const file = path.join(dataDir, "cluster/PG_VERSION");
  writeFileSync(file, "17\n");
  await expect(start(dataDir)).rejects.toMatchObject({
    code: "store_incompatible",
    message: expect.stringMatching(/Postgres 17.*brings Postgres 18.*pg_dumpall/s),
  });
  expect(readFileSync(file, "utf8")).toBe("17\n");
});

test("an initdb that was cut off is started over", async () => {
  const dataDir = path.join(makeDirectory(), "pg");
  // No process has this pid: Linux ends at 4,194,304.
  const left = path.join(dataDir, "making-5000000-0000");
  mkdirSync(path.join(left, "cluster"), { recursive: true });
  chmodSync(dataDir, 0o711);
  const postgres = await start(dataDir);
  expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
  expect(existsSync(left)).toBe(false);
});

test("a path too long for a socket gets a loopback port, which a restart keeps", async () => {
  const dataDir = path.join(makeDirectory(), "long".repeat(25), "pg");
  const postgres = await start(dataDir);
  expect(new URL(postgres.url).hostname).toBe("127.0.0.1");
  process.kill(postgres.pid, "SIGKILL");
  await expect
    .poll(() => query(postgres.url, "select 1 as one").catch(() => null), { timeout: 20_000 })
    .toEqual([{ one: 1 }]);
});

test("binaries that differ in one byte are not run", () => {
  const directory = makeDirectory();
  const root = path.join(directory, "native");
  const scratch = path.join(directory, "scratch");
  mkdirSync(scratch);
  cpSync(openBinaries(scratch).root, root, { recursive: true });
  expect(openBinaries(scratch, root).root).toBe(root);
  appendFileSync(path.join(root, "lib/postgresql/plpgsql.so"), "\0");
  expect(() => openBinaries(scratch, root)).toThrow(/are not the ones .* and are not run/);
});

test("as root it runs as nobody where that user can pass", async (context) => {
  context.skip(!isRoot, "only root becomes somebody else");
  context.skip(!isOpen, "this checkout is closed to other users");
  const dataDir = path.join(makeDirectory(0o755), "pg");
  const postgres = await start(dataDir);
  const status = readFileSync(`/proc/${postgres.pid}/status`, "utf8");
  expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
  expect(status).toMatch(/^CapEff:\t0{16}$/m);
  expect(status).toMatch(/^Groups:\t\s*$/m);
});

test("as root below a closed directory it runs without any power of root", async (context) => {
  context.skip(!isRoot, "only root becomes somebody else");
  const dataDir = path.join(makeDirectory(0o700), "pg");
  const postgres = await start(dataDir);
  expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
  const status = readFileSync(`/proc/${postgres.pid}/status`, "utf8");
  expect(status).toMatch(/^CapEff:\t0{16}$/m);
  expect(status).toMatch(/^CapPrm:\t0{16}$/m);
});

test("an ordinary user's Postgres is started by root as that user", async (context) => {
  context.skip(!isRoot, "only root becomes somebody else");
  context.skip(!isOpen, "this checkout is closed to other users");
  const directory = makeDirectory(0o755);
  const user = 1; // `daemon`, which every Debian has.
  chownSync(directory, user, user);
  const dataDir = path.join(directory, "pg");
  const { child, said } = await run(dataDir, user);
  expect(said.adopted).toBe(false);
  expect(statSync(path.join(dataDir, "cluster")).uid).toBe(user);
  await kill(child);
  const adopted = await start(dataDir);
  expect(adopted.adopted).toBe(true);
  await adopted.stop();
  const again = await start(dataDir);
  expect(readFileSync(`/proc/${again.pid}/status`, "utf8")).toMatch(/^Uid:\t1\t1\t1\t1$/m);
  await again.stop();
  const own = await run(dataDir, user);
  expect(own.said).toMatchObject({ adopted: false, url: said.url });
  await kill(own.child);
  await start(dataDir);
});
