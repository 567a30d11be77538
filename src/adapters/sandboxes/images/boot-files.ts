import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../model/index.ts";
import { fileMode, folderMode, programMode, toCpio } from "../host/cpio.ts";
import { imageModules } from "../host/image.ts";
import { listTree } from "./list-tree.ts";
import { writeReadable } from "./make-readable.ts";
import { toVmlinux } from "./vmlinux.ts";

export interface BootWish {
  /** Where they go. */
  readonly image: string;
  /** The package of the kernel, unpacked. */
  readonly unpacked: string;
  readonly busybox: Buffer;
}

/** What a machine begins with: the kernel in both forms, and the archive that it finds its root with. */
export async function writeBootFiles({ image, unpacked, busybox }: BootWish): Promise<void> {
  const boot = await readdir(path.join(unpacked, "boot"));
  const name = boot.find((one) => one.startsWith("vmlinuz-"));
  if (name === undefined) throw new Fault("setup_failed", "The package of the kernel has none.");
  const kernel = await readFile(path.join(unpacked, "boot", name));
  const library = path.join(unpacked, "lib", "modules");
  const modules = await readModules(library);
  const folders = ["bin", "dev", "modules", "proc", "root", "sys"];
  const initrd = toCpio([
    ...folders.map((folder) => ({ path: folder, mode: folderMode, bytes: new Uint8Array() })),
    { path: "bin/busybox", mode: programMode, bytes: busybox },
    ...modules.map(([module, bytes]) => ({ path: `modules/${module}.ko`, mode: fileMode, bytes })),
  ]);
  await writeReadable(path.join(image, "kernel"), kernel);
  await writeReadable(path.join(image, "vmlinux"), toVmlinux(kernel));
  await writeReadable(path.join(image, "initrd"), initrd);
}

async function readModules(library: string): Promise<readonly (readonly [string, Buffer])[]> {
  const files = await listTree(library);
  return Promise.all(
    imageModules.map(async (module) => {
      const file = files.find((one) => path.basename(one).replaceAll("-", "_") === `${module}.ko`);
      if (file === undefined)
        throw new Fault("setup_failed", `The package of the kernel has no module ${module}.`);
      return [module, await readFile(path.join(library, file))] as const;
    }),
  );
}
