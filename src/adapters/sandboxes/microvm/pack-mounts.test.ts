import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { createSeededRandom } from "../../../ports/seeded-random.ts";
import { systemClock } from "../../system/system-clock.ts";
import { findPrograms } from "../host/find-programs.ts";
import { findGroupPlaces } from "../host/group-places.ts";
import { readHostRoot } from "../host/host-root.ts";
import { readOwner } from "../host/owner.ts";
import { createUids } from "../host/uids.ts";
import { makeInstance } from "./instances.ts";
import { packMounts } from "./pack-mounts.ts";
import type { Host } from "./read-host.ts";

const programs = await findPrograms("/usr/bin:/bin:/usr/sbin:/sbin", {
  bwrap: "bubblewrap",
  debugfs: "e2fsprogs",
  env: "coreutils",
  mke2fs: "e2fsprogs",
  setpriv: "util-linux",
  sh: "dash",
});
const groups = process.platform === "linux" ? findGroupPlaces() : null;
const canPack = !("kind" in programs) && groups !== null && groups.pids !== null;

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "pack-")));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));
const [project, parent] = [path.join(folder, "project"), path.join(folder, "running")];
for (const one of [project, parent, path.join(project, "data")]) mkdirSync(one);
writeFileSync(path.join(project, "code"), "for it");
writeFileSync(path.join(project, "data", "secret"), "of the host");

async function pack(hidden: readonly string[], mounts = [{ path: project, isWritable: false }]) {
  if ("kind" in programs || groups === null) throw new Error("nothing can be packed here");
  const host = {
    programs,
    groups,
    owner: readOwner(),
    system: await readHostRoot(),
  } as unknown as Host;
  const random = createSeededRandom(1);
  const uids = process.getuid?.() === 0 ? createUids({ first: 71_900, count: 9 }, random) : null;
  const instance = await makeInstance(
    { host, uids, clock: systemClock, random, parent },
    256,
    mounts,
  );
  const end = async () => [...(await instance.group.remove()), ...(await instance.remove())];
  const packing = packMounts(mounts, { host, instance, hidden, clock: systemClock });
  const read = async (place: string): Promise<string> => {
    const args = ["-R", `cat ${place}`, await packing];
    return execFileSync(programs.debugfs, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  };
  return { packing, read, end };
}

test.runIf(canPack)(
  "a pack holds what is mounted, and nothing of what is hidden in it",
  async () => {
    const { read, end } = await pack([path.join(project, "data")]);
    expect(await read(`${project}/code`)).toBe("for it");
    expect(await read(`${project}/data/secret`)).toBe("");
    expect(await end()).toEqual([]);
    expect(readdirSync(parent)).toEqual([]);
  },
);

test.runIf(canPack && process.getuid?.() === 0)(
  "what the packer's user cannot read is told by its path on this machine",
  async () => {
    writeFileSync(path.join(project, "key"), "of root", { mode: 0o600 });
    const { packing, end } = await pack([]);
    await expect(packing).rejects.toMatchObject({ code: "sandbox_failed" });
    await expect(packing).rejects.toThrow(/^The mounts cannot be given to a machine \(.*denied/);
    rmSync(path.join(project, "key"));
    expect(await end()).toEqual([]);
  },
);

test.runIf(canPack)("a mount that has become a link to what is hidden is not packed", async () => {
  const data = path.join(project, "data");
  const swapped = path.join(folder, "swapped");
  symlinkSync(data, swapped);
  const { packing, end } = await pack([data], [{ path: swapped, isWritable: false }]);
  await expect(packing).rejects.toMatchObject({ code: "sandbox_failed" });
  expect(await end()).toEqual([]);
});
