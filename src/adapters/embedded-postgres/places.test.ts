import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { isOpen, isRoot, useEmbedded } from "../../../test/embedded.ts";

const { makeDirectory, start, run, kill, query } = useEmbedded();
const isLinuxRoot = isRoot && process.platform === "linux";
const canNest = isLinuxRoot && canMakeNamespace();

function canMakeNamespace(): boolean {
  try {
    execFileSync("sh", ["-c", "unshare --user --map-root-user true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A number that no machine's passwd names. */
const nameless = 54_321;

test.each([`a, "b" $HOME`, `a: b;c'd`])("data may lie below %s", async (name) => {
  const dataDir = path.join(makeDirectory(), name, "pg");
  const first = await start(dataDir);
  expect(new URL(first.url).searchParams.get("host")).toContain(name);
  await first.stop();
  const second = await start(dataDir);
  expect(await query(second.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("binaries in a place that a shell would read as a command are not run", async () => {
  // The colon has the binaries copied to where the data lies.
  const dataDir = path.join(makeDirectory(), "a:$(id)", "pg");
  await expect(start(dataDir)).rejects.toThrow(/a shell would read a character of that path/);
});

test("a strict umask closes nothing that Postgres needs", async () => {
  const dataDir = path.join(makeDirectory(), "pg");
  const { child, said } = await run(dataDir, { by: ["sh", "-c", 'umask 077; exec "$@"', "sh"] });
  expect(said).toMatchObject({ adopted: false });
  await kill(child);
  await start(dataDir);
});

test("a data directory that is a file is said to be one", async () => {
  const file = path.join(makeDirectory(), "file");
  execFileSync("touch", [file]);
  await expect(start(file)).rejects.toMatchObject({
    code: "store_unavailable",
    message: expect.stringContaining("is a file"),
  });
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
  const { child, said } = await run(dataDir, { uid: user });
  expect(said.adopted).toBe(false);
  expect(statSync(path.join(dataDir, "cluster")).uid).toBe(user);
  await kill(child);
  const adopted = await start(dataDir);
  expect(adopted.adopted).toBe(true);
  await adopted.stop();
  const again = await start(dataDir);
  expect(readFileSync(`/proc/${again.pid}/status`, "utf8")).toMatch(/^Uid:\t1\t1\t1\t1$/m);
  await again.stop();
  const own = await run(dataDir, { uid: user });
  expect(own.said).toMatchObject({ adopted: false, url: said.url });
  await kill(own.child);
  await start(dataDir);
});

test("root without the power to become somebody else runs it without any", async (context) => {
  context.skip(!canNest, "it takes root on Linux and user namespaces");
  const lost = "-setuid,-setgid,-chown";
  const dataDir = path.join(makeDirectory(), "pg");
  const { child, said } = await run(dataDir, {
    by: ["setpriv", `--bounding-set=${lost}`, `--inh-caps=${lost}`],
  });
  expect(said).toMatchObject({ adopted: false });
  expect(readFileSync(`/proc/${said.pid}/status`, "utf8")).toMatch(/^CapEff:\t0{16}$/m);
  await kill(child);
  // With the power back, the live one keeps its files; the next one has them given.
  const adopted = await start(dataDir);
  expect(adopted.adopted).toBe(true);
  expect(statSync(path.join(dataDir, "cluster")).uid).toBe(0);
  await query(adopted.url, "create table kept as select 7 as n");
  await adopted.stop();
  const again = await start(dataDir);
  expect(await query(again.url, "select n from kept")).toEqual([{ n: 7 }]);
});

test("root that is alone in its namespace is no obstacle", async (context) => {
  context.skip(!canNest, "it takes root on Linux and user namespaces");
  const dataDir = path.join(makeDirectory(), "pg");
  const { child, said } = await run(dataDir, { by: ["unshare", "--user", "--map-root-user"] });
  expect(said).toMatchObject({ adopted: false });
  await kill(child);
  await start(dataDir);
});

test("where nobody can be stood in for, the fault says what to do", async (context) => {
  context.skip(!canNest, "it takes root on Linux and user namespaces");
  const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"';
  const { said } = await run(path.join(makeDirectory(0o700), "pg"), {
    by: ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh"],
  });
  expect(said).toMatchObject({
    code: "store_unavailable",
    message: expect.stringMatching(
      /cannot be run as an unprivileged user here \(unshare: .*store\.url/,
    ),
  });
});

test("a user without a name, as containers have them, runs it too", async (context) => {
  context.skip(!canNest, "it takes root on Linux and user namespaces");
  context.skip(!isOpen, "this checkout is closed to other users");
  const directory = makeDirectory();
  chownSync(directory, nameless, nameless);
  const dataDir = path.join(directory, "pg");
  const first = await run(dataDir, { uid: nameless });
  expect(first.said).toMatchObject({ adopted: false });
  await kill(first.child);
  const second = await run(dataDir, { uid: nameless });
  expect(second.said).toMatchObject({ adopted: true, pid: first.said.pid });
  await kill(second.child);
  await start(dataDir);
});

test("the files of a live Postgres stay its own when the path was opened since", async (context) => {
  context.skip(!isLinuxRoot, "only root becomes somebody else");
  const directory = makeDirectory(0o700);
  const dataDir = path.join(directory, "pg");
  const { child } = await run(dataDir);
  await kill(child);
  chmodSync(directory, 0o755);
  const adopted = await start(dataDir);
  expect(adopted.adopted).toBe(true);
  await query(adopted.url, "create table kept as select 7 as n");
  process.kill(adopted.pid, "SIGKILL");
  await expect
    .poll(() => query(adopted.url, "select n from kept").catch(() => null), { timeout: 20_000 })
    .toEqual([{ n: 7 }]);
});
