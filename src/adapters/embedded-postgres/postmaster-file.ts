import { existsSync, readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import path from "node:path";

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

export function readPostmasterFile(cluster: string): PostmasterFile | null {
  const file = path.join(cluster, "postmaster.pid");
  if (!existsSync(file)) return null;
  const lines = readFileSync(file, "utf8").split("\n");
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid < 2) return null;
  return { pid, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === "ready" };
}

/** A pid comes back as somebody else's: only a command line that names the cluster counts. */
export function isPostmasterOf(cluster: string, pid: number): boolean {
  const command = readCommand(pid);
  return command !== null && /(^|\/)postgres(\0| )/.test(command) && command.includes(cluster);
}

function readCommand(pid: number): string | null {
  try {
    if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return execFileSync("ps", ["-p", String(pid), "-o", "args="], { encoding: "utf8" });
  } catch {
    return null;
  }
}
