import path from "node:path";
import { createBubblewrapDriver } from "../../../src/adapters/sandboxes/bubblewrap/driver.ts";
import { createGvisorDriver } from "../../../src/adapters/sandboxes/gvisor/driver.ts";
import {
  createFirecrackerDriver,
  createQemuDriver,
} from "../../../src/adapters/sandboxes/microvm/driver.ts";
import { systemClock } from "../../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../../src/adapters/system/system-random.ts";
import type { SandboxDriver } from "../../../src/ports/sandbox.ts";
import { findMachineImage, findRunsc } from "../../sandbox-tools.ts";

/** Users of the host that only these tests use, so that a server on this machine sweeps none of theirs. */
const uids = { first: 64_000, count: 400 };
const machineUids = { first: 64_400, count: 200 };
const gvisorUids = { first: 64_600, count: 300, writer: uids.first };
const isRoot = process.getuid?.() === 0;
const image = (await findMachineImage()) ?? "/nowhere";
const runsc = await findRunsc();

/** Every driver there is; each says itself whether this machine can use it. */
export function createDrivers(hidden: readonly string[]): readonly SandboxDriver[] {
  const own = {
    clock: systemClock,
    random: systemRandom,
    hidden,
    nodePath: process.execPath,
    path: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
  };
  const bubblewrap = createBubblewrapDriver({ ...own, uids: isRoot ? uids : null });
  const gvisor = createGvisorDriver({
    ...own,
    uids: isRoot ? gvisorUids : null,
    runsc: runsc === null ? [] : [runsc],
  });
  const machines = {
    ...own,
    uids: isRoot ? machineUids : null,
    image,
    directory: path.join(path.dirname(path.dirname(image)), "machines"),
    note: console.log,
  };
  const firecracker = createFirecrackerDriver({ ...machines, programs: [] });
  return [bubblewrap, gvisor, firecracker, createQemuDriver(machines)];
}
