import { readFileSync, readlinkSync } from "node:fs";
import type { Random } from "../../../ports/random.ts";

/**
 * A process, so that another one with its number is not taken for it: the namespace of the number, the
 * number, and when it began. It is part of the names of groups.
 */
export interface Owner {
  readonly namespace: string;
  readonly pid: number;
  readonly beganAt: string;
}

const prefix = "countersign";

export function readOwner(): Owner {
  return {
    namespace: readNamespace("self") ?? "0",
    pid: process.pid,
    beganAt: readBegan(process.pid) ?? "0",
  };
}

export const toGroupName = ({ namespace, pid, beganAt }: Owner, id: string): string =>
  [prefix, namespace, pid, beganAt, id].join("-");

const idBytes = 8;

/** A name that nobody has yet. */
export const drawGroupName = (owner: Owner, random: Random): string =>
  toGroupName(owner, Buffer.from(random.bytes(idBytes)).toString("hex"));

/** Whose it is; null: it is no group of ours. */
export function parseGroupName(name: string): Owner | null {
  const [, namespace = "", pid = "", beganAt = ""] =
    /^countersign-(\d+)-(\d+)-(\d+)-[0-9a-f]+$/.exec(name) ?? [];
  return namespace === "" ? null : { namespace, pid: Number(pid), beganAt };
}

/** Of one in another namespace nobody here can say whether it is gone. */
export function isGone({ namespace, pid, beganAt }: Owner): boolean {
  return namespace === readNamespace("self") && readBegan(pid) !== beganAt;
}

/** Of its numbers; null: it is gone, or not ours to ask about. */
export function readNamespace(pid: number | "self"): string | null {
  try {
    return /\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0] ?? null;
  } catch {
    return null;
  }
}

/** Null: there is none, or only its number is left until somebody asks how it ended, which takes no memory, file or group. */
export function readBegan(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before it is in brackets, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state = "", beganAt = null, threads] = [fields[0], fields[19], Number(fields[17])];
    // The first thread may end before the others do.
    const hasEnded = state === "X" || (state === "Z" && threads <= 1);
    return hasEnded ? null : beganAt;
  } catch {
    return null;
  }
}
