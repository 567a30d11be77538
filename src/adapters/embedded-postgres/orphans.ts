import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { isPostmasterOf } from "./postmaster-file.ts";

/**
 * Ends the children that a killed postmaster left. Each ends by itself once it looks up from its
 * query, but a long one keeps the cluster's memory until then, and no new postmaster starts. They
 * are known by their directory, which is the cluster. Only Linux tells it; elsewhere they are
 * waited for.
 */
export function endOrphans(cluster: string, signal: "SIGQUIT" | "SIGKILL"): void {
  if (process.platform !== "linux") return;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry) || !isOrphanOf(cluster, entry)) continue;
    try {
      process.kill(Number(entry), signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

function isOrphanOf(cluster: string, pid: string): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) !== cluster) return false;
    if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("postgres: ")) return false;
    const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return parent !== undefined && !isPostmasterOf(cluster, Number(parent));
  } catch {
    // It ended meanwhile, or is not ours to look at.
    return false;
  }
}
