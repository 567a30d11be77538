import { existsSync, readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import path from "node:path";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** initdb looks its user up by number, so a number without an entry will not do. */
export function findUser(
  wanted: { readonly uid: number } | { readonly name: string },
): User | null {
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (uid === undefined || gid === undefined || uid === "0") continue;
    const found = "name" in wanted ? name === wanted.name : Number(uid) === wanted.uid;
    if (found) return { uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

/** Asks as initdb does, so that users who come from a directory server count as well. */
export function hasEntry(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}

/** Whether a process of that user could pass through all directories on the way. */
export function canEnter(target: string, user: User): boolean {
  for (let directory = path.resolve(target); ; directory = path.dirname(directory)) {
    if (existsSync(directory)) {
      const { mode, uid, gid } = statSync(directory);
      const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
      if ((mode & bit) === 0) return false;
    }
    if (directory === path.dirname(directory)) return true;
  }
}

// Bits of CAP_CHOWN, CAP_SETGID and CAP_SETUID, from linux/capability.h.
const neededCapabilities = (1n << 0n) | (1n << 6n) | (1n << 7n);

/**
 * A container's root often lacks the powers to become somebody else and to give files away, and in
 * a user namespace there may be nobody else to become.
 */
export function mayBecome(user: User): boolean {
  const held = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if (held === undefined || (BigInt(`0x${held}`) & neededCapabilities) !== neededCapabilities) {
    return false;
  }
  return isMapped("/proc/self/uid_map", user.uid) && isMapped("/proc/self/gid_map", user.gid);
}

function isMapped(file: string, id: number): boolean {
  // A kernel without user namespaces has no map, and everybody.
  if (!existsSync(file)) return true;
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .some(([first = 0, , count = 0]) => id >= first && id < first + count);
}
