import { readdir } from "node:fs/promises";
import path from "node:path";

/** All paths of a tree, each folder before what is in it, in the same order everywhere. No link is followed. */
export async function listTree(tree: string, folder = ""): Promise<readonly string[]> {
  const entries = await readdir(path.join(tree, folder), { withFileTypes: true });
  const listed: string[] = [];
  for (const entry of entries.toSorted((a, b) => compare(a.name, b.name))) {
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    listed.push(name);
    if (entry.isDirectory()) listed.push(...(await listTree(tree, name)));
  }
  return listed;
}

/** By code unit, as no language sorts. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
