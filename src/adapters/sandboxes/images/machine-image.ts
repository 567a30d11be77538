import { chmod, copyFile, readFile, realpath, rename, symlink } from "node:fs/promises";
import path from "node:path";
import { toDigest, type Digest } from "../../../model/index.ts";
import { findPrograms, type Missing } from "../host/find-programs.ts";
import { imageModules } from "../host/image.ts";
import { openArchive, type Archive } from "./archive.ts";
import { writeBootFiles } from "./boot-files.ts";
import { makeExt4 } from "./ext4.ts";
import { fillTree } from "./fill-tree.ts";
import { describeImage, readKept, type Wanted } from "./kept-image.ts";
import type { LockedPackage } from "./locked-package.ts";
import { makeReadable } from "./make-readable.ts";
import { unpackPackage } from "./merge-package.ts";
import { findLackOfNode } from "./node-libraries.ts";
import { inStaging, moveInto, openDirectory } from "./staging.ts";
import { missing, type Workshop } from "./workshop.ts";

/** Debian's stable release with what was mended in it since: the same for every host. */
const sources: readonly string[] = [
  "http://deb.debian.org/debian bookworm main",
  "http://deb.debian.org/debian-security bookworm-security main",
];
/** What programs find in a machine, and what starts them there. */
const packages = [
  "bash",
  "bubblewrap",
  "busybox-static",
  "coreutils",
  "dash",
  "findutils",
  "grep",
  "libstdc++6",
  "python3",
  "sed",
  "util-linux",
];
/** Alone: what they need is there already, or only for their scripts, which do not run. */
const alone = ["ca-certificates"];
const kernelOfArchitecture: Readonly<Record<string, string>> = { x64: "linux-image-cloud-amd64" };

export interface MadeMachine {
  readonly kind: "made";
  /** The directory of the image. */
  readonly path: string;
  readonly digest: Digest;
  readonly lock: readonly LockedPackage[];
}

/** What an image is made of besides the versions of packages: one of another recipe is made again. */
export const machineRecipe: Digest = toDigest(
  JSON.stringify([packages, alone, imageModules, sources, process.version]),
);

/** By this name whoever starts machines finds the image that was made last. */
export const toMachinePlace = (directory: string): string => path.join(directory, "machine");

/**
 * What virtual machines start from: Debian's kernel for clouds and a root file system of its packages,
 * with our own Node. Nothing of it is ever installed here, and nothing in it is of a version of ours.
 */
export async function buildMachineImage(workshop: Workshop): Promise<MadeMachine | Missing> {
  const kernelPackage = kernelOfArchitecture[process.arch];
  if (kernelPackage === undefined)
    return missing(`machines are not built for ${process.arch} yet`, null);
  const programs = await findPrograms(workshop.path, { mke2fs: "e2fsprogs" });
  if ("kind" in programs) return programs;
  const closed = await openDirectory(workshop.directory);
  if (closed !== null) return closed;
  const made = await inStaging(workshop, async (staging): Promise<MadeMachine | Missing> => {
    const archive = await openArchive(workshop, { state: path.join(staging, "apt"), sources });
    if ("kind" in archive) return archive;
    const chosen = await choose(archive, kernelPackage);
    const wanted = { recipe: machineRecipe, lock: [...chosen.lock, chosen.kernel] };
    const kept = await findKept(workshop, wanted, path.join(staging, "broken"));
    if (kept !== null) return kept;
    const image = path.join(staging, "image");
    await makeReadable(image);
    const files = await archive.fetch(wanted.lock);
    const tree = path.join(staging, "tree");
    await fillTree(workshop, { tree, packages: chosen.lock, files, staging });
    const lack = await placeNode(tree);
    if (lack !== null) return lack;
    workshop.onStep(`taking the kernel out of ${chosen.kernel.name}`);
    const unpacked = path.join(staging, "kernel");
    const file = files.get(chosen.kernel.name) ?? "";
    await unpackPackage({ file, folder: unpacked, path: workshop.path });
    const busybox = await readFile(path.join(tree, "usr/bin/busybox"));
    await writeBootFiles({ image, unpacked, busybox });
    workshop.onStep("making the file system");
    const root = path.join(image, "root.ext4");
    await makeExt4({ tree, file: root, program: programs.mke2fs, staging });
    const { digest, lock } = await describeImage(image, wanted);
    // Named after what it holds, so whoever finds one there knows what it is.
    const place = path.join(workshop.directory, "images", digest.slice("sha256:".length));
    await moveInto(place, image);
    return { kind: "made", path: place, digest, lock };
  });
  if (made.kind === "made") await pointTo(workshop, made.path);
  return made;
}

/** What is there already is not made again. */
async function findKept(
  { directory, onStep }: Workshop,
  wanted: Wanted,
  aside: string,
): Promise<MadeMachine | null> {
  const place = await realpath(toMachinePlace(directory)).catch(() => null);
  const kept = place === null ? null : await readKept(place, wanted, aside);
  if (place === null || kept === null) return null;
  onStep("the image that is there is of these packages");
  return { kind: "made", path: place, digest: kept.digest, lock: kept.lock };
}

interface Chosen {
  readonly lock: readonly LockedPackage[];
  readonly kernel: LockedPackage;
}

async function choose(archive: Archive, kernelPackage: string): Promise<Chosen> {
  const closure = await archive.resolve(packages);
  const rest = await Promise.all(alone.map(async (name) => (await archive.look(name)).locked));
  // The package by that name is empty, and needs the newest.
  const { depends } = await archive.look(kernelPackage);
  const [newest = ""] = /^linux-image-[a-z0-9.+-]+/.exec(depends) ?? [];
  const { locked: kernel } = await archive.look(newest);
  return { lock: [...closure, ...rest], kernel };
}

async function placeNode(tree: string): Promise<Missing | null> {
  const node = path.join(tree, "usr/bin/node");
  await copyFile(process.execPath, node);
  await chmod(node, 0o755);
  return findLackOfNode(tree);
}

async function pointTo({ directory, random }: Workshop, image: string): Promise<void> {
  const place = toMachinePlace(directory);
  const draft = `${place}.${Buffer.from(random.bytes(6)).toString("hex")}`;
  await symlink(path.relative(directory, image), draft);
  await rename(draft, place);
}
