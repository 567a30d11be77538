import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Fault } from "../model/index.ts";
import { findHolder, lockDirectory } from "./directory-lock.ts";

async function directory(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), "countersign-lock-"));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

test("the second server is told who holds the directory, and where", async () => {
  const place = await directory();
  const lock = await lockDirectory(place);
  await lock.announce("http://127.0.0.1:7070");
  const fault = await lockDirectory(place).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(Fault);
  expect(fault).toMatchObject({ code: "directory_locked", details: { pid: process.pid } });
  expect((fault as Fault).message).toContain(
    `pid ${process.pid} (http://127.0.0.1:7070) uses ${place}`,
  );
  expect(await findHolder(place)).toMatchObject({ url: "http://127.0.0.1:7070" });
  await lock.release();
  expect(await findHolder(place)).toBeNull();
  await (await lockDirectory(place)).release();
  expect(await readdir(place)).toEqual([]);
});

test("the lock of a process that is gone is taken over", async () => {
  const place = await directory();
  const child = spawn("true");
  await once(child, "exit");
  await writeFile(path.join(place, "server.lock"), JSON.stringify({ pid: child.pid, began: null }));
  const lock = await lockDirectory(place);
  expect(JSON.parse(await readFile(path.join(place, "server.lock"), "utf8"))).toMatchObject({
    pid: process.pid,
  });
  await lock.release();
});

test("the lock of another process that has the same pid by now is taken over", async () => {
  const place = await directory();
  const earlier = { pid: process.pid, began: "another boot:1", url: null };
  await writeFile(path.join(place, "server.lock"), JSON.stringify(earlier));
  await expect(lockDirectory(place)).resolves.toBeDefined();
});

test.each(["", "{", "null", '{"pid":"1"}', '{"pid":-1}'])(
  "a lock that says %j is stale",
  async (text) => {
    const place = await directory();
    await writeFile(path.join(place, "server.lock"), text);
    await expect(lockDirectory(place)).resolves.toBeDefined();
  },
);

test.each([
  "http://evil.example:80",
  "http://127.0.0.1:80@evil.example",
  "https://10.0.0.1:443",
  7,
])("a lock that names %j names no server: the directory may come from anywhere", async (url) => {
  const place = await directory();
  const lock = await lockDirectory(place);
  const file = path.join(place, "server.lock");
  const real = JSON.parse(await readFile(file, "utf8")) as object;
  await writeFile(file, JSON.stringify({ ...real, url }));
  expect(await findHolder(place)).toMatchObject({ pid: process.pid, url: null });
  await lock.release();
});

test("a lock that does not say when its process began names nobody to send a key to", async () => {
  const place = await directory();
  const planted = { pid: process.pid, began: null, url: "http://127.0.0.1:7099" };
  await writeFile(path.join(place, "server.lock"), JSON.stringify(planted));
  expect(await findHolder(place)).toBe(process.platform === "linux" ? null : expect.anything());
});

test("a lock from another namespace of pids counts while it is fresh, and is taken over after", async () => {
  const place = await directory();
  const file = path.join(place, "server.lock");
  const there = { pid: 1, began: "other:1", namespace: "pid:[1]", url: null };
  await writeFile(file, JSON.stringify(there));
  await expect(lockDirectory(place)).rejects.toMatchObject({ code: "directory_locked" });
  await utimes(file, 1, 1);
  const lock = await lockDirectory(place);
  await lock.release();
});

test("of many that come at once over a stale lock, one gets it", async () => {
  const place = await directory();
  await writeFile(path.join(place, "server.lock"), "{");
  const racer = `import { lockDirectory } from ${JSON.stringify(new URL("directory-lock.ts", import.meta.url).href)};
    await lockDirectory(process.argv[1]).then(() => console.log("won"), () => console.log("lost"));
    process.stdin.resume().on("end", () => process.exit());`;
  const children = Array.from({ length: 8 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", racer, place]),
  );
  const outcomes = await Promise.all(
    children.map(async ({ stdout }) => String((await once(stdout, "data"))[0]).trim()),
  );
  for (const { stdin } of children) stdin.end();
  expect(outcomes.sort()).toEqual([...Array<string>(7).fill("lost"), "won"]);
});
