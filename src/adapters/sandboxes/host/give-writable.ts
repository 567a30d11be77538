import { lchown, lstat, opendir } from "node:fs/promises";
import type { Stats } from "node:fs";
import path from "node:path";
import { fail } from "./fail.ts";

/** A tree that is larger is given by whoever made it. */
const mostEntries = 20_000;

export interface Giving {
  readonly uid: number;
  /** What the sandbox does not see is not given to it. */
  readonly except: readonly string[];
}

/**
 * Root runs no sandbox as root, so what one may write has to belong to the sandboxes' user. What is
 * root's is given to it: root loses nothing by that. What is another user's is not taken from him.
 */
export async function giveWritable(mount: string, giving: Giving): Promise<void> {
  const { uid } = giving;
  const { uid: owner } = await lstat(mount);
  if (owner === uid) return;
  if (owner !== 0)
    throw fail(
      `${mount} cannot be written in a sandbox: it belongs to user ${owner}. Give it over with \`chown -R ${uid} ${mount}\`, or start Countersign as that user.`,
    );
  const loose = await findLoose(mount);
  if (loose !== null)
    throw fail(
      `${mount} is root's, and lies in ${loose}, which others may change. Give it over with \`chown -R ${uid} ${mount}\`.`,
    );
  await giveBelow(mount, giving, { left: mostEntries });
  // Last, so that one that was cut off starts over.
  await lchown(mount, uid, uid);
}

/** Whoever may change a folder on the way, such as another sandbox, could lead us to what is the host's. */
async function findLoose(mount: string): Promise<string | null> {
  for (let at = mount; at !== path.dirname(at);) {
    at = path.dirname(at);
    const stats = await lstat(at);
    // In one that is sticky nobody else moves what is root's.
    const isSticky = stats.isDirectory() && stats.uid === 0 && (stats.mode & 0o1000) !== 0;
    if (!isSticky && !canOnlyRootChange(stats)) return at;
  }
  return null;
}

/** In any other, somebody could put a link in the place of what is about to be given away. */
function canOnlyRootChange(folder: Stats): boolean {
  const isGroupsToo = folder.gid !== 0 && (folder.mode & 0o020) !== 0;
  const isEverybodys = (folder.mode & 0o002) !== 0;
  return folder.isDirectory() && folder.uid === 0 && !isGroupsToo && !isEverybodys;
}

async function giveBelow(folder: string, giving: Giving, budget: { left: number }): Promise<void> {
  const { uid, except } = giving;
  if (!canOnlyRootChange(await lstat(folder))) return;
  for await (const entry of await opendir(folder)) {
    budget.left -= 1;
    if (budget.left < 0)
      throw fail(`${folder} holds too much to be given over: \`chown -R ${uid}\` it yourself.`);
    const file = path.join(folder, entry.name);
    if (except.includes(file)) continue;
    const stats = await lstat(file);
    if (entry.isDirectory()) await giveBelow(file, giving, budget);
    // A second name of a file may lie anywhere.
    const isRootsAlone = stats.uid === 0 && (stats.isDirectory() || stats.nlink === 1);
    if (isRootsAlone) await lchown(file, uid, uid);
  }
}
