import { readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../model/index.ts";
import { findBarrier } from "../host/judge-mounts.ts";
import { isGone, parseGroupName, readOwner, toGroupName } from "../host/owner.ts";
import type { Missing } from "../host/find-programs.ts";
import { makeReadable } from "./make-readable.ts";
import { missing, type Workshop } from "./workshop.ts";

/** A user who owns nothing and is in no group, as sandboxes' users are where we are root. */
const stranger = -1;

/**
 * The directory of everything that is made, reachable for those who run sandboxes: as root others do,
 * otherwise this user itself.
 */
export async function openDirectory(directory: string): Promise<Missing | null> {
  try {
    await makeReadable(directory);
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    return missing(`${directory} cannot be made (${code})`, null);
  }
  const user = process.getuid?.() ?? 0;
  const { uid, mode } = await stat(directory);
  // What is in it is run: by root, too.
  if (uid !== user) return missing(`${directory} belongs to another user`, null);
  if ((mode & 0o022) !== 0)
    return missing(`others may write into ${directory}`, `chmod go-w ${directory}`);
  const barrier = await findBarrier(directory, user === 0 ? stranger : user);
  if (barrier === null) return null;
  return missing(
    `${barrier} lets no other user in, and sandboxes run as users of their own`,
    `chmod o+x ${barrier}`,
  );
}

/**
 * A directory for what is not whole yet, on the same file system as where it goes; gone afterwards,
 * whatever happens. What a killed process has left is taken away first.
 */
export async function inStaging<T>(
  { directory, random }: Pick<Workshop, "directory" | "random">,
  work: (staging: string) => Promise<T>,
): Promise<T> {
  const parent = path.join(directory, "making");
  await makeReadable(parent);
  for (const name of await readdir(parent)) {
    const owner = parseGroupName(name);
    if (owner !== null && isGone(owner)) await remove(path.join(parent, name));
  }
  const id = Buffer.from(random.bytes(6)).toString("hex");
  const staging = path.join(parent, toGroupName(readOwner(), id));
  await makeReadable(staging);
  try {
    return await work(staging);
  } catch (cause) {
    throw toFault(cause, directory);
  } finally {
    await remove(staging);
  }
}

/** A disk that is full or read-only is no bug of ours. */
function toFault(cause: unknown, directory: string): unknown {
  const { code, syscall, message } = cause as NodeJS.ErrnoException;
  if (cause instanceof Fault || code === undefined || syscall === undefined) return cause;
  return new Fault("setup_failed", `${directory} cannot be written: ${message}.`, { cause });
}

const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** Puts something whole in its place: a directory that is there already holds the same. */
export async function moveInto(place: string, made: string): Promise<void> {
  await makeReadable(path.dirname(place));
  try {
    await rename(made, place);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST") return;
    throw new Fault("setup_failed", `${place} cannot be written (${code}).`, { cause });
  }
}
