import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSeededRandom } from "../../../ports/seeded-random.ts";
import { giveWritable } from "../host/give-writable.ts";
import { findBarrier } from "../host/judge-mounts.ts";
import { sweepUsers } from "../host/sweep-users.ts";
import { createUids } from "../host/uids.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), "as-root-")));
});
afterEach(() => rmSync(folder, { recursive: true }));
const ownerOf = (name: string) => lstatSync(path.join(folder, name)).uid;

test("users are given one after the other, each to one sandbox at a time", () => {
  const uids = createUids({ first: 100, count: 4 }, createSeededRandom(1), () => []);
  const given = [uids.take(), uids.take(), uids.take()];
  expect(given.toSorted((a, b) => a - b)).toEqual([101, 102, 103]);
  expect(() => uids.take()).toThrow("As many sandboxes");
  uids.giveBack(102);
  expect(uids.take()).toBe(102);
  expect(uids.writer).toBe(100);
});

test("a folder that lets nobody else in is named", async () => {
  const deep = path.join(folder, "shut", "deep");
  mkdirSync(deep, { recursive: true });
  chmodSync(folder, 0o755);
  chmodSync(path.join(folder, "shut"), 0o700);
  expect(await findBarrier(deep, 66_500)).toBe(path.join(folder, "shut"));
  chmodSync(path.join(folder, "shut"), 0o711);
  expect(await findBarrier(deep, 66_500)).toBe(null);
});

describe.runIf(process.platform === "linux" && process.getuid?.() === 0)("as root", () => {
  test("what is to be written is given over, and nothing that lies elsewhere, too", async () => {
    mkdirSync(path.join(folder, "work", "deep"), { recursive: true });
    mkdirSync(path.join(folder, "work", "hidden"));
    for (const name of [
      "work/a",
      "work/deep/b",
      "outside",
      "twice",
      "work/users",
      "work/hidden/key",
    ])
      writeFileSync(path.join(folder, name), "");
    symlinkSync(path.join(folder, "outside"), path.join(folder, "work", "link"));
    linkSync(path.join(folder, "twice"), path.join(folder, "work", "twice"));
    chownSync(path.join(folder, "work/users"), 1_234, 1_234);
    await giveWritable(path.join(folder, "work"), {
      uid: 66_500,
      except: [path.join(folder, "work", "hidden")],
    });
    const owners = ["work", "work/a", "work/deep/b", "work/link"].map(ownerOf);
    expect(owners).toEqual([66_500, 66_500, 66_500, 66_500]);
    const kept = ["outside", "twice", "work/hidden", "work/hidden/key", "work/users"];
    expect(kept.map(ownerOf)).toEqual([0, 0, 0, 0, 1_234]);
  });

  test("what is another user's is not taken from him", async () => {
    chownSync(folder, 1_234, 1_234);
    await expect(giveWritable(folder, { uid: 66_500, except: [] })).rejects.toMatchObject({
      code: "sandbox_failed",
      message: expect.stringContaining(`chown -R 66500 ${folder}`),
    });
    expect(lstatSync(folder).uid).toBe(1_234);
  });

  test("I12: root gives nothing away where a sandbox could have put a link on the way", async () => {
    const host = path.join(folder, "host");
    const work = path.join(folder, "work");
    mkdirSync(path.join(host, "etc"), { recursive: true });
    writeFileSync(path.join(host, "etc", "key"), "");
    mkdirSync(work);
    chownSync(work, 66_500, 66_500);
    // It was a folder when its mount was judged.
    symlinkSync(host, path.join(work, "out"));
    await expect(
      giveWritable(path.join(work, "out", "etc"), { uid: 66_500, except: [] }),
    ).rejects.toMatchObject({ code: "sandbox_failed", message: expect.stringContaining(work) });
    expect(["host/etc", "host/etc/key"].map(ownerOf)).toEqual([0, 0]);
  });

  test("a sweep ends what has lost its server, and lets be what has not", async () => {
    const range = { first: 66_600, count: 10 };
    const become = (uid: number) => [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"];
    const script = "sleep 600 >/dev/null 2>&1 & echo $!";
    const start = (uid: number) =>
      Number(spawnSync("setpriv", [...become(uid), "sh", "-c", script]).stdout.toString());
    const lost = start(66_601);
    const active = start(66_602);
    const kept = spawn("setpriv", [...become(66_603), "sleep", "600"], { stdio: "ignore" });
    const elsewhere = start(66_700);
    try {
      await expect.poll(() => uidOf(kept.pid!)).toBe(66_603);
      expect(sweepUsers(range, new Set([66_602]))).toEqual([lost]);
      await expect.poll(() => isRunning(lost)).toBe(false);
      expect([active, kept.pid!, elsewhere].map(isRunning)).toEqual([true, true, true]);
    } finally {
      for (const pid of [active, kept.pid!, elsewhere]) process.kill(pid, "SIGKILL");
    }
  });
});

function readStatus(pid: number): string {
  return spawnSync("cat", [`/proc/${pid}/status`]).stdout.toString();
}
const uidOf = (pid: number) => Number(/^Uid:\s+(\d+)/m.exec(readStatus(pid))?.[1]);
const isRunning = (pid: number) => /^State:\s+[^ZX]/m.test(readStatus(pid));
