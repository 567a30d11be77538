import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../../system/system-clock.ts";
import { systemRandom } from "../../system/system-random.ts";
import { createBubblewrapDriver, type BubblewrapOptions } from "./driver.ts";
import { noGroupPlaces } from "../host/group-places.ts";

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "probe-")));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));

const options: BubblewrapOptions = {
  clock: systemClock,
  random: systemRandom,
  hidden: [],
  uids: process.getuid?.() === 0 ? { first: 66_800, count: 20 } : null,
  nodePath: process.execPath,
  path: "/usr/bin:/bin",
  findGroups: () => noGroupPlaces,
};
const probe = (change: Partial<BubblewrapOptions>) =>
  createBubblewrapDriver({ ...options, ...change }).probe();

/** The system's programs, with another one in bwrap's place. */
function replaceBwrap(name: string, script: string): string {
  const place = path.join(folder, name);
  writeFileSync(place, `#!/bin/sh\n${script}\n`);
  chmodSync(place, 0o755);
  const programs = mkdtempSync(path.join(folder, "programs-"));
  chmodSync(programs, 0o755);
  symlinkSync(place, path.join(programs, "bwrap"));
  return `${programs}:/usr/bin:/bin`;
}

describe.runIf(process.platform === "linux" && process.arch === "x64")("a probe", () => {
  test("names the package that is not installed", async () => {
    expect(await probe({ path: folder })).toEqual({
      kind: "missing",
      reason: "`bwrap` is not installed",
      fix: "apt-get install bubblewrap",
    });
  });

  test.runIf(process.getuid?.() === 0)("refuses to run anything as root", async () => {
    expect(await probe({ uids: null })).toMatchObject({
      kind: "missing",
      reason: expect.stringContaining("root"),
    });
  });

  test.each([
    ["keeps nothing in", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"'],
    ["only says that it did", `echo '{"uid":65534}'`],
    ["fails", "echo 'bwrap: Creating new namespace failed: nope' >&2; exit 1"],
    ["ends at once", "exit 0"],
  ])("believes no bwrap that %s", async (name, script) => {
    const found = await probe({ path: replaceBwrap(name.replaceAll(" ", "-"), script) });
    expect(found.kind).toBe("missing");
  });

  test("tells what bwrap complained of", async () => {
    const script = "echo 'bwrap: Unknown option --disable-userns' >&2; exit 1";
    expect(await probe({ path: replaceBwrap("old", script) })).toEqual({
      kind: "missing",
      reason: expect.stringContaining("Unknown option --disable-userns"),
      fix: expect.stringContaining("bubblewrap"),
    });
  });

  test("and a start of a machine that cannot be looked at are told as what they are", async () => {
    const driver = createBubblewrapDriver({
      ...options,
      findGroups: () => {
        throw new Error("EIO");
      },
    });
    const limits = { memoryBytes: 1, processes: 1, cpuMillis: 1, scratchBytes: 1, openFiles: 1 };
    const spec = { command: ["true"], environment: {}, directory: null, mounts: [], limits };
    await expect(
      driver.start({ ...spec, onConnection: null, authority: null }),
    ).rejects.toMatchObject({ code: "sandbox_failed", message: expect.stringContaining("EIO") });
    expect(await driver.probe()).toMatchObject({
      kind: "missing",
      reason: expect.stringContaining("EIO"),
    });
  });

  test("does not wait for ever", async () => {
    const clock = {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) =>
        systemClock.sleep(ms >= 20_000 ? 50 : ms, signal),
    };
    const found = await probe({ clock, path: replaceBwrap("slow", "exec sleep 600") });
    expect(found).toMatchObject({
      kind: "missing",
      reason: expect.stringContaining("was ended by SIGKILL"),
    });
  });
});
