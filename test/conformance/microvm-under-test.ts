import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { parseGroupName } from "../../src/adapters/sandboxes/host/owner.ts";
import {
  createFirecrackerDriver,
  createQemuDriver,
} from "../../src/adapters/sandboxes/microvm/driver.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { lookForMachineImage } from "../sandbox-tools.ts";
import { createFindLeft } from "./find-left.ts";

/** Users of the host that only these tests use: no server on this machine sweeps any of theirs. */
const uids = { first: 70_000, count: 400 };
const isRoot = process.getuid?.() === 0;
const { path: found, reason } = await lookForMachineImage();
/** Without an image the driver says itself what it lacks. */
export const image = found ?? "/nowhere";
if (reason !== null) console.log(`There is no image of a machine: ${reason}`);
/** Beside the image, so that a machine boots once and not for each file of tests. */
export const machineFolder = path.join(path.dirname(path.dirname(image)), "machines");

export interface QemuUnderTest {
  readonly hidden?: readonly string[];
  readonly directory?: string;
  readonly note?: (text: string) => void;
}

export const createQemuUnderTest = (under: QemuUnderTest = {}) =>
  createQemuDriver(toOptions(under));

export const createFirecrackerUnderTest = () =>
  createFirecrackerDriver({
    ...toOptions({}),
    programs: [path.join(path.dirname(machineFolder), "bin", "firecracker")],
  });

function toOptions({ hidden = [], directory = machineFolder, note = console.log }: QemuUnderTest) {
  return {
    clock: systemClock,
    random: systemRandom,
    hidden,
    uids: isRoot ? uids : null,
    nodePath: process.execPath,
    path: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    image,
    directory,
    note,
  };
}

const findOthers = createFindLeft({ uids: isRoot ? uids : null, words: "qemu-system" });

/** Besides what every driver could leave: a machine's own directory. */
export function findLeft(servers: readonly number[] = [process.pid]): readonly string[] {
  const running = path.join(machineFolder, "running");
  const names = existsSync(running) ? readdirSync(running) : [];
  const folders = names.filter((name) => servers.includes(parseGroupName(name)?.pid ?? -1));
  return [...findOthers(servers), ...folders];
}
