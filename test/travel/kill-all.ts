import { readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import { systemClock } from "../../src/adapters/system/system-clock.ts";

/** Until there are none: one that was just forked is found at the next look. */
const looks = 400;
const lookAgainMs = 25;

/**
 * kill -9 for whatever works in this directory: the quickstart, Countersign, the servers, and Postgres with all
 * its processes. Gives how many there were.
 */
export async function killAll(directory: string): Promise<number> {
  const killed = new Set<number>();
  for (let look = 0; look < looks; look += 1) {
    const found = findBelow(directory);
    if (found.length === 0) return killed.size;
    for (const pid of found) {
      killed.add(pid);
      kill(pid);
    }
    await systemClock.sleep(lookAgainMs);
  }
  throw new Error(`Still there: ${findBelow(directory).join(", ")}`);
}

/** Processes whose directory is this one or one below it. */
export function findBelow(directory: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      const place = readPlace(pid);
      return place === directory || place?.startsWith(directory + path.sep) === true;
    })
    .map(Number);
}

/** Null of one that has ended, or is somebody else's. */
function readPlace(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // It had just ended.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
