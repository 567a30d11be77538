import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createBubblewrapDriver } from "../../src/adapters/bubblewrap/driver.ts";
import {
  controllers,
  findGroupPlaces,
  noGroupPlaces,
  type GroupPlaces,
} from "../../src/adapters/bubblewrap/group-places.ts";
import { parseGroupName } from "../../src/adapters/bubblewrap/owner.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";

/** Users of the host that only these tests use: no server on this machine sweeps any of theirs. */
const uids = { first: 66_000, count: 400 };
const isRoot = process.getuid?.() === 0;

export interface BubblewrapUnderTest {
  readonly hidden?: readonly string[];
  readonly findGroups?: () => GroupPlaces;
}

export function createDriverUnderTest({ hidden = [], findGroups }: BubblewrapUnderTest = {}) {
  return createBubblewrapDriver({
    clock: systemClock,
    random: systemRandom,
    hidden,
    uids: isRoot ? uids : null,
    nodePath: process.execPath,
    path: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    ...(findGroups === undefined ? {} : { findGroups }),
  });
}

const places = process.platform === "linux" ? findGroupPlaces() : noGroupPlaces;

/** What there is of the sandboxes that these processes have started. */
export function findLeft(servers: readonly number[] = [process.pid]): readonly string[] {
  const parents = [...controllers.map((one) => places[one]?.parent), places.unified];
  const groups = [...new Set(parents)].flatMap((parent) =>
    typeof parent !== "string"
      ? []
      : readdirSync(parent)
          .filter((name) => servers.includes(parseGroupName(name)?.pid ?? -1))
          .map((name) => `${parent}/${name}`),
  );
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes("newroot") || line.includes("oldroot"));
  return [...groups, ...mounts, ...findProcesses()];
}

/** By the users that only sandboxes have; where there are none, by what only a sandbox is called. */
function findProcesses(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
        const isOurs = isRoot
          ? uid >= uids.first && uid < uids.first + uids.count
          : uid === process.getuid?.() && command.includes("bwrap --args");
        // A dead one waits for whoever asks how it ended.
        return isOurs && !/^State:\s+Z/m.test(status) ? [`process ${pid}: ${command}`] : [];
      } catch {
        return [];
      }
    });
}
