import { chmod, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { toMadeUpFiles } from "../host/host-root.ts";
import { bundleCertificates } from "./certificates.ts";
import type { LockedPackage } from "./locked-package.ts";
import { makeReadable } from "./make-readable.ts";
import { mergePackage, unpackPackage } from "./merge-package.ts";
import { mergedFolders } from "./place-in-tree.ts";
import type { Workshop } from "./workshop.ts";

/** Where sandboxes have something of their own, or of the host, once they run. */
const mountPoints = ["dev", "etc", "home", "proc", "root", "run/sandbox", "sys", "tmp", "var/tmp"];
/** The user of programs in sandboxes, where a driver says no other. */
const nobody = 65_534;
const authorities = "ca-certificates";

export interface Filling {
  readonly tree: string;
  readonly packages: readonly LockedPackage[];
  /** Of each package, by its name. */
  readonly files: ReadonlyMap<string, string>;
  readonly staging: string;
}

/** A root directory of packages, none of whose scripts runs: what those would do and programs need is done here. */
export async function fillTree(
  { path: folders, onStep }: Pick<Workshop, "path" | "onStep">,
  { tree, packages, files, staging }: Filling,
): Promise<void> {
  onStep(`unpacking ${packages.length} packages`);
  for (const folder of [...mergedFolders.map((name) => `usr/${name}`), ...mountPoints])
    await makeReadable(path.join(tree, folder));
  for (const name of mergedFolders) await symlink(`usr/${name}`, path.join(tree, name));
  for (const [file, text] of Object.entries(toMadeUpFiles(nobody))) {
    await writeFile(path.join(tree, file), text);
    await chmod(path.join(tree, file), 0o644);
  }
  for (const { name } of packages) {
    const unpacked = path.join(staging, "unpacked");
    await unpackPackage({ file: files.get(name) ?? "", folder: unpacked, path: folders });
    await mergePackage(tree, unpacked);
  }
  if (packages.some(({ name }) => name === authorities)) await bundleCertificates(tree);
}
