import {
  closeSync,
  copyFileSync,
  existsSync,
  fchownSync,
  fstatSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import type { Identity } from "./identity.ts";

// Enough for days of ordinary lines; two files of this size are kept at most.
const maxBytes = 8 * 1024 * 1024;

/** Appended to by Postgres itself, so that it goes on when we are killed. */
export function openServerLog(file: string, identity: Identity): number {
  boundServerLog(file);
  const descriptor = openSync(file, "a", 0o600);
  // Else the cluster's owner could not start it again without root.
  if (identity.kind === "user") fchownSync(descriptor, identity.uid, identity.gid);
  return descriptor;
}

/** Keeps the last full file beside the running one. Appending writers carry on at the new end. */
export function boundServerLog(file: string): void {
  if (!existsSync(file) || statSync(file).size < maxBytes) return;
  try {
    copyFileSync(file, `${file}.1`);
  } catch {
    // On a full disk the room is worth more than the old lines.
    rmSync(`${file}.1`, { force: true });
  }
  truncateSync(file, 0);
}

export function sizeOfServerLog(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

/** What was written after `from`: the last 4 KiB of it. */
export function readServerLog(file: string, from: number): string {
  if (!existsSync(file)) return "";
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const start = Math.max(Math.min(from, size), size - 4_096);
    const bytes = Buffer.alloc(size - start);
    readSync(descriptor, bytes, 0, bytes.length, start);
    return bytes.toString("utf8").trim();
  } finally {
    closeSync(descriptor);
  }
}
