import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemRandom } from "../../system/system-random.ts";
import { readOwner, toGroupName } from "../host/owner.ts";
import { inStaging, moveInto, openDirectory } from "./staging.ts";

function makeFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "staging-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  return folder;
}

const isRoot = process.getuid?.() === 0;
const modeOf = (file: string) => statSync(file).mode & 0o777;

test("the directory is made for everybody to read, whatever the mask", async () => {
  const directory = path.join(makeFolder(), "share", "sandboxes");
  const mask = process.umask(0o077);
  onTestFinished(() => void process.umask(mask));
  expect(await openDirectory(directory)).toBe(null);
  expect([modeOf(path.dirname(directory)), modeOf(directory)]).toEqual([0o755, 0o755]);
});

test.runIf(isRoot)("as root, a folder on the way that lets nobody in is named", async () => {
  const closed = path.join(makeFolder(), "closed");
  mkdirSync(closed, { mode: 0o700 });
  expect(await openDirectory(path.join(closed, "sandboxes"))).toEqual({
    kind: "missing",
    reason: `${closed} lets no other user in, and sandboxes run as users of their own`,
    fix: `chmod o+x ${closed}`,
  });
});

test("a directory that others write into is not one to run programs from", async () => {
  const directory = makeFolder();
  for (const mode of [0o777, 0o1777, 0o775]) {
    chmodSync(directory, mode);
    expect(await openDirectory(directory)).toEqual({
      kind: "missing",
      reason: `others may write into ${directory}`,
      fix: `chmod go-w ${directory}`,
    });
  }
});

test.runIf(isRoot)("nor is one of another user", async () => {
  const directory = makeFolder();
  chownSync(directory, 65_534, 65_534);
  const refused = await openDirectory(directory);
  expect(refused?.reason).toBe(`${directory} belongs to another user`);
});

test("where it cannot be made, the reason is said", async () => {
  const file = path.join(makeFolder(), "file");
  writeFileSync(file, "");
  const refused = await openDirectory(path.join(file, "sandboxes"));
  expect(refused).toMatchObject({ kind: "missing" });
  expect(refused?.reason).toContain("cannot be made (ENOTDIR)");
});

test("what was begun is gone afterwards, and what a killed process began is, too", async () => {
  const directory = makeFolder();
  const making = path.join(directory, "making");
  const gone = toGroupName({ ...readOwner(), pid: 1, beganAt: "1" }, "abc");
  const living = toGroupName(readOwner(), "def");
  for (const name of [gone, living, "of-somebody-else"])
    mkdirSync(path.join(making, name, "inner"), { recursive: true });
  const tools = { directory, random: systemRandom };
  const seen = await inStaging(tools, async (staging) => {
    writeFileSync(path.join(staging, "half"), "");
    return readdirSync(making).length;
  });
  expect(seen).toBe(3);
  expect(readdirSync(making).toSorted()).toEqual([living, "of-somebody-else"].toSorted());
});

test("a failure takes it away as well, and one of the disk is said as such", async () => {
  const directory = makeFolder();
  const failed = inStaging({ directory, random: systemRandom }, async (staging) => {
    writeFileSync(path.join(staging, "half"), "");
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
  });
  await expect(failed).rejects.toMatchObject({ code: "setup_failed" });
  await expect(failed).rejects.toThrow("no space left on device");
  expect(readdirSync(path.join(directory, "making"))).toEqual([]);
});

test("what is whole is moved to its place; an image that is there already stays", async () => {
  const directory = makeFolder();
  const place = path.join(directory, "images", "abc");
  for (const text of ["first", "second"]) {
    const made = path.join(directory, text);
    mkdirSync(made);
    writeFileSync(path.join(made, "image.json"), text);
    await moveInto(place, made);
  }
  expect(readFileSync(path.join(place, "image.json"), "utf8")).toBe("first");
  const program = path.join(directory, "bin", "program");
  for (const text of ["old", "new"]) {
    writeFileSync(path.join(directory, "made"), text);
    await moveInto(program, path.join(directory, "made"));
  }
  expect(readFileSync(program, "utf8")).toBe("new");
  await expect(moveInto(place, path.join(directory, "nothing"))).rejects.toMatchObject({
    code: "setup_failed",
  });
  expect(existsSync(place)).toBe(true);
});
