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
    const left = await look(uid);
    empty = left?.length === 0 ? empty + 1 : 0;
    if (empty === emptyLooks) return [];
    if (empty === 0) await clock.sleep(Math.min(longestPauseMs, 1 + paused));
  }
  const left = await look(uid);
  return left?.map(({ pid }) => `process ${pid}`) ?? [`what runs as user ${uid}, if anything does`];
}

let sought = new Set<number>();
let looking: Promise<readonly Living[] | null> | null = null;

/**
 * A look goes through every process of the machine, which takes ten milliseconds for a thousand of them:
 * all who ask before it begins share it. Null: nobody can tell, as where no more files can be opened.
 */
async function look(uid: number): Promise<readonly Living[] | null> {
  sought.add(uid);
  looking ??= new Promise((resolve) => setImmediate(() => resolve(lookNow())));
  const found = await looking;
  return found?.filter((each) => each.uid === uid) ?? null;
}

function lookNow(): readonly Living[] | null {
  const uids = sought;
  [sought, looking] = [new Set(), null];
  try {
    return findLiving((uid) => uids.has(uid));
  } catch {
    return null;
  }
}
