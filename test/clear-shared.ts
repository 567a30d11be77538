import { readdirSync, rmSync } from "node:fs";
import path from "node:path";

const prefix = "cs-shared-";

/** What the test files of one run make once and share; the run is known by its pid. */
export const toShared = (parent: string, pid: number): string =>
  path.join(parent, `${prefix}${pid}`);

/** What runs that were killed could not take away themselves. */
export function clearShared(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = /^\d+$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : "")?.[0];
    if (pid !== undefined && !isRunning(Number(pid)))
      rmSync(path.join(parent, name), { recursive: true, force: true });
  }
}

/** Unknown means that it is. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
