import { readdirSync, readFileSync } from "node:fs";

/** Linux counts in hundredths of a second, whatever the kernel's own tick. */
const ticksPerSecond = 100;

/**
 * Seconds of CPU that a Postgres and its children have used, from /proc; null where there is none.
 * On a busy machine this says more than what a clock says.
 */
export function readPostgresCpuSeconds(postmaster: number): number | null {
  try {
    let ticks = 0;
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const stat = readStat(name);
      if (stat === null) continue;
      if (stat.pid === postmaster || stat.parent === postmaster) ticks += stat.ticks;
      // Of those of its children that have ended.
      if (stat.pid === postmaster) ticks += stat.waitedTicks;
    }
    return ticks / ticksPerSecond;
  } catch {
    return null;
  }
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  readonly waitedTicks: number;
}

function readStat(pid: string): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name may hold anything; what follows its last parenthesis is numbers.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return {
      pid: Number(pid),
      parent: Number(fields[1]),
      ticks: Number(fields[11]) + Number(fields[12]),
      waitedTicks: Number(fields[13]) + Number(fields[14]),
    };
  } catch {
    // It ended while we looked.
    return null;
  }
}
