import { access } from "node:fs/promises";
import path from "node:path";
import type { Missing } from "../host/find-programs.ts";
import { toPlace } from "./place-in-tree.ts";
import { missing } from "./workshop.ts";

/** Whether the libraries that our Node runs with here are in the tree, too: it comes from another place. */
export async function findLackOfNode(tree: string): Promise<Missing | null> {
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
  for (const library of sharedObjects) {
    const isElsewhere = !library.startsWith("/") || library.endsWith(".node");
    if (isElsewhere || library === process.execPath) continue;
    const there = await access(path.join(tree, toPlace(library.slice(1)))).then(
      () => true,
      () => false,
    );
    if (!there)
      return missing(
        `this Node needs ${library}, which the image has not`,
        "Run Countersign with the Node of nodejs.org, which brings its own libraries.",
      );
  }
  return null;
}
