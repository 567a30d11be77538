import { chmod, chown, lstat, mkdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fail } from "../host/fail.ts";
import { toMadeUpFiles } from "../host/host-root.ts";
import { findBarrier } from "../host/judge-mounts.ts";
import { insideId, toContainer, toMounts, type Box } from "./bundle.ts";

/** Of the host: all that one sandbox has there, under a name that says whose it is. */
export interface Instance {
  readonly folder: string;
  /** Where runsc keeps what it knows of it, and is asked to signal it. */
  readonly state: string;
  /** An empty file that nobody may open. */
  readonly nothing: string;
  /** What runsc says where it fails. */
  readonly failures: string;
  /** Takes it away again. Gives what stays. */
  remove(): Promise<readonly string[]>;
}

export interface Layout {
  readonly folder: string;
  readonly box: Omit<Box, "nothing">;
  /** Whose the sandbox is on the host. */
  readonly uid: number;
}

/**
 * Lays out what runsc reads: a root that holds nothing but the places for mounts, what is made up, and
 * the configuration, which only the sandbox's user may read since the program's variables are in it.
 */
export async function layOut({ folder, box, uid }: Layout): Promise<Instance> {
  const instance = toInstance(folder);
  try {
    await mkdir(folder);
    await chmod(folder, 0o755);
    const { nothing } = instance;
    await writeFile(nothing, "", { mode: 0o000 });
    const root = path.join(folder, "root");
    await mkdir(root);
    await chmod(root, 0o755);
    await fillRoot(root, { ...box, nothing });
    const config = path.join(folder, "config.json");
    await writeFile(config, JSON.stringify(toContainer({ ...box, nothing })), { mode: 0o600 });
    await mkdir(instance.state, { mode: 0o700 });
    for (const own of [config, instance.state, nothing]) await chown(own, uid, uid);
    const barrier = await findBarrier(instance.state, uid);
    if (barrier !== null) throw fail(`${folder} cannot be used: ${barrier} lets no other user in.`);
    return instance;
  } catch (error) {
    await instance.remove();
    throw error;
  }
}

function toInstance(folder: string): Instance {
  return {
    folder,
    state: path.join(folder, "state"),
    nothing: path.join(folder, "nothing"),
    failures: path.join(folder, "state", "failures"),
    remove: async () => {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
      return (await lstat(folder).catch(() => null)) === null ? [] : [folder];
    },
  };
}

/** Links last: nothing is ever made through one, which could lead to the host's own folders. */
async function fillRoot(root: string, box: Box): Promise<void> {
  for (const { type, source, destination } of toMounts(box)) {
    const isFolder = type !== "bind" || (await stat(source)).isDirectory();
    await makePlace(root, destination, isFolder);
  }
  const files = { ...toMadeUpFiles(insideId), ...box.authorities };
  for (const [file, text] of Object.entries(files)) {
    await makePlace(root, file, false);
    await writeFile(path.join(root, file), text);
    await chmod(path.join(root, file), 0o644);
  }
  const links = box.placed.flatMap((one) => (one.kind === "link" ? [one] : []));
  for (const link of links) await makePlace(root, path.dirname(link.path), true);
  for (const link of links) await symlink(link.target, path.join(root, link.path));
}

async function makePlace(root: string, place: string, isFolder: boolean): Promise<void> {
  const at = path.join(root, place);
  await makeFolder(root, isFolder ? at : path.dirname(at));
  if (!isFolder) await writeFile(at, "", { flag: "a" });
}

async function makeFolder(root: string, folder: string): Promise<void> {
  if (folder === root || (await lstat(folder).catch(() => null)) !== null) return;
  await makeFolder(root, path.dirname(folder));
  await mkdir(folder);
  // Whatever this server keeps from others by its mask.
  await chmod(folder, 0o755);
}
