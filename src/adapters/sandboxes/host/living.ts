import { readdirSync, statSync } from "node:fs";
import type { Clock } from "../../../ports/clock.ts";
import { readBegan } from "./owner.ts";

interface Living {
  readonly pid: number;
  readonly uid: number;
}

/** What runs as such a user, with what is being ended: that has no command any more, and is in no group. */
export function findLiving(isMeant: (uid: number) => boolean): readonly Living[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    const uid = Number.isInteger(pid) ? readUser(pid) : null;
    return uid !== null && isMeant(uid) && readBegan(pid) !== null ? [{ pid, uid }] : [];
  });
}

function readUser(pid: number): number | null {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    // It ended meanwhile.
    return null;
  }
}

const longestPauseMs = 50;
/** Ten seconds together: what is still there then is stuck in the kernel. */
const mostPauses = 220;
/** One look may miss what was forked during it, by a process that has ended since. */
const emptyLooks = 2;

/** Waits until nothing runs as that user. Gives what stays. */
export async function seeOffUser(uid: number, clock: Clock): Promise<readonly string[]> {
  let empty = 0;
  for (let paused = 0; paused < mostPauses; paused += 1) {
    empty = findLiving((one) => one === uid).length === 0 ? empty + 1 : 0;
    if (empty === emptyLooks) return [];
    if (empty === 0) await clock.sleep(Math.min(longestPauseMs, 1 + paused));
  }
  return findLiving((one) => one === uid).map(({ pid }) => `process ${pid}`);
}
