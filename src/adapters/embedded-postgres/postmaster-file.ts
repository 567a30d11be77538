import { linkSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { execFileSync } from "node:child_process";
import path from "node:path";
import type { Clock } from "../../ports/clock.ts";

/** What a postmaster writes about itself. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** The postmaster of this cluster that is alive, whoever started it. */
export function findPostmaster(cluster: string): PostmasterFile | null {
  const file = readPostmasterFile(cluster);
  return file !== null && isPostmasterOf(cluster, file.pid) ? file : null;
}

function readPostmasterFile(cluster: string): PostmasterFile | null {
  const file = path.join(cluster, "postmaster.pid");
  try {
    return parsePostmasterFile(readFileSync(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function parsePostmasterFile(text: string): PostmasterFile | null {
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid < 2) return null;
  return { pid, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === "ready" };
}

/** A pid comes back as somebody else's: only a command line that names the cluster counts. */
export function isPostmasterOf(cluster: string, pid: number): boolean {
  if (process.platform === "linux") {
    const [file, ...args] = (readCommandLine(pid) ?? "").split("\0");
    return path.basename(file ?? "") === "postgres" && args[args.indexOf("-D") + 1] === cluster;
  }
  return askForCommandLine(pid)?.includes(`postgres -D ${cluster} -c `) === true;
}

/**
 * Removes what a dead postmaster left. Postgres would refuse to start while the pid in the file is
 * alive, whoever has it by now. Moved first and read again, so that the file of a postmaster that
 * has started meanwhile is put back. One that says nothing yet may be a start that is under way:
 * it is left for a moment, in which Postgres refuses to start beside it.
 */
export function removeStaleFile(cluster: string, clock: Clock): void {
  const file = path.join(cluster, "postmaster.pid");
  if (findPostmaster(cluster) !== null || isBeingWritten(file, clock)) return;
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    const left = parsePostmasterFile(readFileSync(aside, "utf8"));
    if (left !== null && isPostmasterOf(cluster, left.pid)) linkSync(aside, file);
  } catch (error) {
    // Somebody else was faster, or it is there again.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function isBeingWritten(file: string, clock: Clock): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.size === 0 && clock.nowMs() - found.mtimeMs < 1_000;
}

function readCommandLine(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return null;
  }
}

function askForCommandLine(pid: number): string | null {
  try {
    return execFileSync("ps", ["-ww", "-p", String(pid), "-o", "args="], { encoding: "utf8" });
  } catch {
    return null;
  }
}
