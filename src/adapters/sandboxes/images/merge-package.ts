import { chmod, lstat, mkdir, opendir, readlink, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../model/index.ts";
import { isLeftOut, toPlace, toTarget } from "./place-in-tree.ts";
import { runTool } from "./run-tool.ts";

const unpackMs = 120_000;

export interface Unpacking {
  /** The package. */
  readonly file: string;
  /** Is made, and is on the file system of the tree. */
  readonly folder: string;
  /** Where `dpkg-deb` is looked for. */
  readonly path: string;
}

/**
 * Unpacks a package into a folder of its own; none of its scripts runs. `tar` refuses members that lead
 * out of that folder, and writes through no link of the same package.
 */
export async function unpackPackage({ file, folder, path: folders }: Unpacking): Promise<void> {
  await mkdir(folder, { recursive: true });
  await runTool({
    program: "dpkg-deb",
    args: ["--extract", file, folder],
    environment: { PATH: folders, LC_ALL: "C" },
    directory: folder,
    withinMs: unpackMs,
  });
}

/**
 * Moves what a package holds into the tree of all of them, file by file, and never through a link:
 * what one package puts there does not decide where another one writes. Nobody but root owns a file of
 * an image, and none is run as its owner, so modes are two.
 */
export async function mergePackage(tree: string, unpacked: string): Promise<void> {
  await mergeFolder({ tree, unpacked }, "");
  await rm(unpacked, { recursive: true });
}

interface Merge {
  readonly tree: string;
  readonly unpacked: string;
}

async function mergeFolder(merge: Merge, folder: string): Promise<void> {
  for await (const entry of await opendir(path.join(merge.unpacked, folder))) {
    const member = folder === "" ? entry.name : `${folder}/${entry.name}`;
    const place = toPlace(member);
    if (isLeftOut(place)) continue;
    const target = path.join(merge.tree, place);
    if (entry.isDirectory()) {
      await makeFolder(target, member);
      await mergeFolder(merge, member);
    } else if (entry.isSymbolicLink()) {
      const leads = toTarget(member, await readlink(path.join(merge.unpacked, member)));
      if (await isFree(target, member, leads)) await symlink(leads, target);
    } else if (entry.isFile()) {
      await isFree(target, member, null);
      const source = path.join(merge.unpacked, member);
      const { mode } = await lstat(source);
      await chmod(source, (mode & 0o111) === 0 ? 0o644 : 0o755);
      await rename(source, target);
    } else throw refuse(member, "is neither a file, a folder nor a link");
  }
}

async function makeFolder(target: string, member: string): Promise<void> {
  const there = await look(target);
  if (there === null) await mkdir(target, { mode: 0o755 });
  else if (!there.isDirectory()) throw refuse(member, "is a folder, and something else before");
  await chmod(target, 0o755);
}

/** False: the same link is there already. */
async function isFree(target: string, member: string, leads: string | null): Promise<boolean> {
  const there = await look(target);
  if (there === null) return true;
  if (leads !== null && there.isSymbolicLink() && (await readlink(target)) === leads) return false;
  throw refuse(member, "is in two packages");
}

const look = (target: string) =>
  lstat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });

const refuse = (member: string, what: string): Fault =>
  new Fault("setup_failed", `${JSON.stringify(member)} of a package ${what}.`);
