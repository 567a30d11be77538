import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { isHolderAlive, takeInstallLock } from "../../bin/bootstrap/install-lock.js";
import { scaled } from "../scale.ts";
import { house, makeFolder, start } from "./made-up-checkout.ts";

test("the second waits for the first, and says for whom", async () => {
  const file = path.join(makeFolder(), "lock");
  const first = await takeInstallLock(file);
  const waited: string[] = [];
  const second = takeInstallLock(file, { onWait: (holder) => waited.push(holder) });
  await expect.poll(() => waited.length).toBe(1);
  expect(waited[0]).toMatch(new RegExp(`^${process.pid} `));
  first.release();
  (await second).release();
});

test("whoever waits too long is told so", async () => {
  const file = path.join(makeFolder(), "lock");
  const first = await takeInstallLock(file);
  await expect(takeInstallLock(file, { waitMs: 1 })).rejects.toThrow(/held .* too long/);
  first.release();
});

test("the lock of the dead is broken", async () => {
  const file = path.join(makeFolder(), "lock");
  const { child, ended } = start(process.execPath, ["-e", ""], { cwd: house });
  await ended;
  writeFileSync(file, `${child.pid} 1`);
  const taken = await takeInstallLock(file, { waitMs: 0 });
  expect(readFileSync(file, "utf8")).toMatch(new RegExp(`^${process.pid} `));
  taken.release();
});

test("another process with the number of a dead one holds nothing", () => {
  expect(isHolderAlive(`${process.pid} -`)).toBe(true);
  // Without /proc the number has to do.
  expect(isHolderAlive(`${process.pid} 1`)).toBe(process.platform !== "linux");
});

test("a frozen holder is waited for, not robbed", async () => {
  const file = path.join(makeFolder(), "lock");
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  writeFileSync(file, `${child.pid} -`);
  child.kill("SIGSTOP");
  await expect(takeInstallLock(file, { waitMs: 300 })).rejects.toThrow(/too long/);
  child.kill("SIGKILL");
});

test("among many, some of whom die while they hold it, no two ever hold it", async () => {
  const folder = makeFolder();
  const script = `
    import { appendFileSync } from "node:fs";
    import { takeInstallLock } from ${JSON.stringify(path.join(house, "bin/bootstrap/install-lock.js"))};
    const lock = await takeInstallLock("lock");
    appendFileSync("log", "in " + process.pid + "\\n");
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (process.argv[2] === "dies") process.kill(process.pid, "SIGKILL");
    appendFileSync("log", "out " + process.pid + "\\n");
    lock.release();`;
  writeFileSync(path.join(folder, "take.mjs"), script);
  const count = scaled({ test: 8, prove: 60 });
  const started = Array.from({ length: count }, (_, i) =>
    start(process.execPath, ["take.mjs", i % 2 === 0 ? "dies" : "lives"], { cwd: folder }),
  );
  await Promise.all(started.map(({ ended }) => ended));
  const log = readFileSync(path.join(folder, "log"), "utf8").trim().split("\n");
  const entered = log.filter((line) => line.startsWith("in "));
  expect(new Set(entered).size).toBe(count);
  // Whoever comes out is the one who went in last.
  log.forEach((line, i) => {
    if (line.startsWith("out ")) expect(log[i - 1]).toBe(line.replace("out", "in"));
  });
});
