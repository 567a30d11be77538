import { lstat, realpath, stat } from "node:fs/promises";
import path from "node:path";
import type { Mount } from "../../../ports/sandbox.ts";
import type { Cover, Placed } from "./placed.ts";
import { fail, isWithin } from "./fail.ts";

/** The sandbox has its own of these, so nothing in them is the host's. */
const ownFolders = ["/proc", "/sys", "/dev"];
/** To mount one of these, or what holds it, would be to mount the host. */
const hostFolders = ["/etc", "/tmp", "/usr", "/bin", "/sbin", "/lib", "/lib64", ...ownFolders];
const mostMounts = 256;

/** Each is there, is no link, and is not the host itself. */
export async function judgeMounts(mounts: readonly Mount[]): Promise<void> {
  if (mounts.length > mostMounts) throw fail(`A sandbox takes ${mostMounts} mounts at most.`);
  for (const mount of mounts) {
    if (!path.isAbsolute(mount.path) || path.normalize(mount.path) !== mount.path)
      throw fail(`${mount.path} cannot be mounted: it is not an absolute path.`);
    const isHost = hostFolders.some((folder) => isWithin(folder, mount.path));
    if (isHost || ownFolders.some((folder) => isWithin(mount.path, folder)))
      throw fail(
        `${mount.path} is not mounted into a sandbox: name the folder in it that is needed.`,
      );
    const real = await realpath(mount.path).catch(() => null);
    if (real === null) throw fail(`${mount.path} cannot be mounted: it is not there.`);
    if (real !== mount.path)
      throw fail(`${mount.path} cannot be mounted: it is a link to ${real}. Name that one.`);
  }
}

export interface Seen {
  readonly placed: readonly Placed[];
  readonly mounts: readonly Mount[];
}

/**
 * What is never seen is covered where it lies within what is; what lies within it is refused. Throws
 * where something cannot be covered because it is not there yet: it would be seen as soon as it was.
 */
export async function findCovers(
  hidden: readonly string[],
  seen: Seen,
  user: number,
): Promise<readonly Cover[]> {
  const sources = [
    ...seen.mounts.map((mount) => mount.path),
    ...seen.placed.flatMap((one) => (one.kind === "bind" ? [one.source] : [])),
  ];
  const covers: Cover[] = [];
  for (const one of outermost(await Promise.all(hidden.map(toReal)))) {
    const inside = sources.find((source) => isWithin(source, one));
    if (inside !== undefined)
      throw fail(
        `${inside} is not mounted into a sandbox: it lies in ${one}, which is Countersign's.`,
      );
    if (!sources.some((source) => isWithin(one, source))) continue;
    const stats = await lstat(one).catch(() => null);
    if (stats === null) throw fail(`${one} cannot be hidden from a sandbox: it is not there yet.`);
    // Where the sandbox's user may not go nothing can be mounted either: the folder before is covered.
    const barrier = await findBarrier(path.dirname(one), user);
    const kind = barrier !== null || stats.isDirectory() ? "directory" : "file";
    covers.push({ kind, path: barrier ?? one });
  }
  return covers;
}

/**
 * Folders on the way to what is covered that the program could rename, with what lies in them, and put
 * others in their place: the next sandbox would cover those. As mounts of their own they cannot be.
 */
export function findPins(covers: readonly Cover[], mounts: readonly Mount[]): readonly string[] {
  const above = covers.flatMap(({ path: covered }) => toAncestors(covered));
  return [...new Set(above)].sort().filter((folder) => {
    const around = mounts.filter((mount) => isWithin(folder, mount.path));
    const innermost = around.toSorted((a, b) => b.path.length - a.path.length)[0];
    return innermost !== undefined && innermost.isWritable && innermost.path !== folder;
  });
}

function toAncestors(file: string): readonly string[] {
  const above = path.dirname(file);
  return above === file ? [] : [...toAncestors(above), above];
}

/** Of a path whose end is not there yet, as far as it is there. */
async function toReal(hidden: string): Promise<string> {
  const found = await realpath(hidden).catch(() => null);
  if (found !== null || hidden === path.dirname(hidden)) return found ?? hidden;
  return path.join(await toReal(path.dirname(hidden)), path.basename(hidden));
}

const outermost = (paths: readonly string[]): readonly string[] =>
  [...new Set(paths)].filter(
    (one) => !paths.some((other) => other !== one && isWithin(one, other)),
  );

/** The first folder on the way that lets a user without any group through no further; null: none. */
export async function findBarrier(target: string, uid: number): Promise<string | null> {
  const parts = target.split("/").slice(1);
  for (let count = 0; count <= parts.length; count += 1) {
    const folder = `/${parts.slice(0, count).join("/")}`;
    const stats = await stat(folder);
    const bit = stats.uid === uid ? 0o100 : 0o001;
    if (stats.isDirectory() && (stats.mode & bit) === 0) return folder;
  }
  return null;
}
