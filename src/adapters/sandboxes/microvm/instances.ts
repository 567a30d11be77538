import { chown, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { SandboxLimits } from "../../../model/sandbox.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Random } from "../../../ports/random.ts";
import { chooseUser } from "../host/choose-user.ts";
import { createGroup, type Group } from "../host/groups.ts";
import type { Mount } from "../../../ports/sandbox.ts";
import { isGone, parseGroupName, toGroupName } from "../host/owner.ts";
import type { Uids } from "../host/uids.ts";
import type { Host } from "./read-host.ts";

/** What one machine has on the host: a user, a group, and a directory that only that user sees. */
export interface Instance {
  readonly directory: string;
  readonly group: Group;
  readonly uid: number;
  readonly become: number | null;
  /** All but the group. Gives what stays. */
  remove(): Promise<readonly string[]>;
}

export interface InstanceParts {
  readonly host: Host;
  readonly uids: Uids | null;
  readonly clock: Clock;
  readonly random: Random;
  /** Where its directory is made. */
  readonly parent: string;
}

const idBytes = 8;
const mebibyte = 1024 * 1024;
/** What QEMU needs besides the machine's memory: itself, and what it translates. */
const ownMebibytes = 384;
/** Of QEMU: for its processor, its disks and itself. */
const ownProcesses = 64;
const bootMillis = 2_000;

/** By it whoever comes after this server knows whose it was. */
export const toInstanceName = ({ host, random }: Pick<InstanceParts, "host" | "random">): string =>
  toGroupName(host.owner, Buffer.from(random.bytes(idBytes)).toString("hex"));

export async function makeInstance(
  parts: InstanceParts,
  memoryMebibytes: number,
  mounts: readonly Mount[],
): Promise<Instance> {
  const { host, uids, clock, parent } = parts;
  const asks = { mounts, placed: [], covers: [] };
  const { uid, become, giveBack } = await chooseUser(uids, asks, clock);
  const name = toInstanceName(parts);
  const directory = path.join(parent, name);
  const remove = async (): Promise<readonly string[]> => [
    ...(await giveBack()),
    ...(await removeDirectory(directory)),
  ];
  const limits: SandboxLimits = {
    memoryBytes: (memoryMebibytes + ownMebibytes) * mebibyte,
    processes: ownProcesses,
    // Held to what the program may use once the machine is there.
    cpuMillis: bootMillis,
    scratchBytes: 0,
    openFiles: 0,
  };
  try {
    await mkdir(directory, { mode: 0o700 });
    if (become !== null) await chown(directory, uid, uid);
    const group = createGroup(host.groups, { name, limits, clock });
    return { directory, group, uid, become, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function removeDirectory(directory: string): Promise<readonly string[]> {
  try {
    await rm(directory, { recursive: true, force: true });
    return [];
  } catch {
    return [directory];
  }
}

/** Of servers that are no more. Gives what stays. */
export async function sweepInstances(parent: string): Promise<readonly string[]> {
  const names = await readdir(parent).catch(() => []);
  const left = names.filter((name) => {
    const owner = parseGroupName(name);
    return owner !== null && isGone(owner);
  });
  return (await Promise.all(left.map((name) => removeDirectory(path.join(parent, name))))).flat();
}
