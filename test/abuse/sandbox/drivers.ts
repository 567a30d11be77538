import path from "node:path";
import { createBubblewrapDriver } from "../../../src/adapters/bubblewrap/driver.ts";
import { systemClock } from "../../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../../src/adapters/system/system-random.ts";
import type { SandboxDriver } from "../../../src/ports/sandbox.ts";

/** Users of the host that only these tests use, so that a server on this machine sweeps none of theirs. */
const uids = { first: 64_000, count: 400 };

/** Every driver there is; each says itself whether this machine can use it. */
export function createDrivers(hidden: readonly string[]): readonly SandboxDriver[] {
  const bubblewrap = createBubblewrapDriver({
    clock: systemClock,
    random: systemRandom,
    hidden,
    uids: process.getuid?.() === 0 ? uids : null,
    nodePath: process.execPath,
    path: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
  });
  return [bubblewrap];
}
