import path from "node:path";
import { createBubblewrapDriver } from "../../src/adapters/sandboxes/bubblewrap/driver.ts";
import type { GroupPlaces } from "../../src/adapters/sandboxes/host/group-places.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { createFindLeft } from "./find-left.ts";

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

/** Without users of their own they are known by what only a sandbox is called. */
export const findLeft = createFindLeft({ uids: isRoot ? uids : null, words: "bwrap --args" });
