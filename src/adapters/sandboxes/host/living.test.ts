import { spawn, type ChildProcess } from "node:child_process";
import fs, { existsSync, readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createManualClock } from "../../../ports/manual-clock.ts";
import { createSeededRandom } from "../../../ports/seeded-random.ts";
import { systemClock } from "../../system/system-clock.ts";
import { findLiving, seeOffUser } from "./living.ts";
import { createUids } from "./uids.ts";

/** Users of the host that only this test uses. */
const range = { first: 71_950, count: 4 };
const random = () => createSeededRandom(1);

test("a user whom something runs as is lent to nobody, until it has ended", () => {
  let left: readonly number[] = [71_952];
  const find = (isMeant: (uid: number) => boolean) =>
    left.filter(isMeant).map((uid) => ({ pid: 7, uid }));
  const uids = createUids(range, random(), find);
  const given = [uids.take(), uids.take()];
  expect(given.toSorted((a, b) => a - b)).toEqual([71_951, 71_953]);
  expect(() => uids.take()).toThrow("(3) are running, and what 1 earlier ones left does not end.");
  left = [];
  expect(uids.take()).toBe(71_952);
});

describe.runIf(process.platform === "linux" && process.getuid?.() === 0)("as root", () => {
  let parent: ChildProcess | null = null;
  afterEach(() => void parent?.kill("SIGKILL"));
  const become = "setpriv --reuid=71951 --regid=71951 --clear-groups";
  const start = (script: string) => {
    parent = spawn("sh", ["-c", script], { stdio: ["pipe", "ignore", "inherit"] });
    return parent;
  };
  const find = () => findLiving((uid) => uid === 71_951);

  test("nothing is lent or called ended while a process of it lives", async () => {
    const { stdin } = start(`${become} cat`);
    await expect.poll(find).toHaveLength(1);
    expect(Array.from({ length: 2 }, createUids(range, random()).take)).not.toContain(71_951);
    let isEnded = false;
    const ended = seeOffUser(71_951, systemClock).finally(() => (isEnded = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isEnded).toBe(false);
    stdin!.end();
    expect(await ended).toEqual([]);
    expect(find()).toEqual([]);
  });

  test("what does not end is named, after a while", async () => {
    start(`exec ${become} sleep 600`);
    await expect.poll(find).toHaveLength(1);
    const clock = createManualClock(0);
    const stays = seeOffUser(71_951, clock);
    let isOver = false;
    void stays.finally(() => (isOver = true));
    while (!isOver) {
      clock.advance(50);
      await new Promise(setImmediate);
    }
    expect(await stays).toEqual([`process ${parent!.pid}`]);
  });

  test.runIf(existsSync("/usr/bin/python3"))(
    "one whose first thread has ended lives on in the others",
    async () => {
      const threads =
        "import ctypes,threading,time;threading.Thread(target=time.sleep,args=(600,)).start();ctypes.CDLL(None).pthread_exit(None)";
      const { pid } = start(`exec ${become} /usr/bin/python3 -c '${threads}'`);
      await expect.poll(() => readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/State:\s+Z/);
      expect(find()).toEqual([{ pid, uid: 71_951 }]);
    },
  );

  test("as many as end at once share a look, and where none can be had nothing is called ended", async () => {
    const read = vi.spyOn(fs, "readdirSync");
    syncBuiltinESMExports();
    onTestFinished(() => {
      read.mockRestore();
      syncBuiltinESMExports();
    });
    const uids = Array.from({ length: 50 }, (_, at) => 71_960 + at);
    await Promise.all(uids.map((uid) => seeOffUser(uid, systemClock)));
    expect(read).toHaveBeenCalledTimes(2);
    read.mockImplementation(() => {
      throw new Error("EMFILE: too many open files");
    });
    const clock = createManualClock(0);
    let stays: readonly string[] | null = null;
    void seeOffUser(71_960, clock).then((left) => (stays = left));
    while (stays === null) {
      clock.advance(50);
      await new Promise(setImmediate);
    }
    expect(stays).toEqual(["what runs as user 71960, if anything does"]);
  });

  test("a dead one that nobody has asked about is nothing any more", async () => {
    // What the shell becomes asks about no child.
    const { pid } = start(`${become} true & exec sleep 600`);
    const child = () =>
      Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0]);
    await expect.poll(() => readFileSync(`/proc/${child()}/status`, "utf8")).toMatch(/State:\s+Z/);
    expect(await seeOffUser(71_951, systemClock)).toEqual([]);
  });
});
