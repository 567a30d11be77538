import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { isRoot, useEmbedded } from "../../../test/embedded.ts";
import { openBinaries } from "./binaries.ts";
import { findPostmaster } from "./postmaster-file.ts";

const { makeDirectory, start, run, kill, query } = useEmbedded();

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

test("a child that is too busy to notice the death of its postmaster stands in no way", async (context) => {
  context.skip(process.platform !== "linux", "only Linux tells whose child it was");
  const dataDir = path.join(makeDirectory(), "pg");
  const postgres = await start(dataDir);
  const endless = "select count(*) from generate_series(1, 100000) a, generate_series(1, 1e9) b";
  const busy = query(postgres.url, endless).catch((error: unknown) => error);
  const findBusy = `select pid from pg_stat_activity where state = 'active' and query like '%1e9%'
                    and pid <> pg_backend_pid()`;
  await expect.poll(() => query(postgres.url, findBusy)).toHaveLength(1);
  const [{ pid }] = (await query(postgres.url, findBusy)) as [{ pid: number }];
  process.kill(postgres.pid, "SIGKILL");
  await expect
    .poll(() => query(postgres.url, "create table kept (n int)").catch(() => null), {
      timeout: 20_000,
    })
    .toEqual([]);
  expect(await busy).toBeInstanceOf(Error);
  // One that ended has no command line, also while nobody has taken note of its end.
  const file = `/proc/${pid}/cmdline`;
  expect(existsSync(file) ? readFileSync(file, "utf8") : "").toBe("");
});

test("two that start at once end with one postmaster, over a stale pid as well", async () => {
  const dataDir = path.join(makeDirectory(), "pg");
  const [one, two] = await Promise.all([run(dataDir), run(dataDir)]);
  expect(one.said).toMatchObject({ pid: two.said.pid });
  await Promise.all([kill(one.child), kill(two.child)]);
  const last = await start(dataDir);
  expect(last.pid).toBe(one.said.pid);
  await last.stop();
  leavePid(dataDir, process.pid);
  const [three, four] = await Promise.all([run(dataDir), run(dataDir)]);
  expect(three.said).toMatchObject({ pid: four.said.pid });
  await Promise.all([kill(three.child), kill(four.child)]);
  await start(dataDir);
});

/** As a postmaster leaves it whose machine lost power, and whose pid somebody else got since. */
function leavePid(dataDir: string, pid: number): void {
  const cluster = path.join(dataDir, "cluster");
  leavePidFile(dataDir, `${pid}\n${cluster}\n1\n5432\n\n\n1 1\nready\n`);
}

function leavePidFile(dataDir: string, text: string): void {
  const cluster = path.join(dataDir, "cluster");
  const file = path.join(cluster, "postmaster.pid");
  writeFileSync(file, text, { mode: 0o600 });
  const { uid, gid } = statSync(cluster);
  if (isRoot) chownSync(file, uid, gid);
}

test("a pid that came back as somebody else's does not stand in the way", async () => {
  const dataDir = path.join(makeDirectory(), "pg");
  await (await start(dataDir)).stop();
  leavePid(dataDir, process.pid);
  const again = await start(dataDir);
  expect(again.adopted).toBe(false);
  expect(again.pid).not.toBe(process.pid);
});

test("a pid file that a power cut left empty does not stand in the way", async () => {
  const dataDir = path.join(makeDirectory(), "pg");
  await (await start(dataDir)).stop();
  leavePidFile(dataDir, "");
  expect((await start(dataDir)).adopted).toBe(false);
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

test("the links follow binaries that were moved, and the stamp names what was expected", () => {
  const directory = makeDirectory();
  const [before, after] = [path.join(directory, "before"), path.join(directory, "after")];
  mkdirSync(path.join(before, "data"), { recursive: true });
  cpSync(openBinaries(directory).root, path.join(before, "native"), { recursive: true });
  openBinaries(path.join(before, "data"), path.join(before, "native"));
  renameSync(before, after);
  const data = path.join(after, "data");
  openBinaries(data, path.join(after, "native"));
  for (const link of readdirSync(path.join(data, "lib"))) {
    expect(realpathSync(path.join(data, "lib", link))).toContain(`${after}/native/lib/`);
  }
  const file = path.join(data, "binaries.checked");
  const stamp = readFileSync(file, "utf8");
  writeFileSync(file, stamp.replace(/^\w{64}/, "0".repeat(64)));
  openBinaries(data, path.join(after, "native"));
  expect(readFileSync(file, "utf8")).toBe(stamp);
});
