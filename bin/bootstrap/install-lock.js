import { mkdirSync, readFileSync, rmSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { Stop } from "./stop.js";

const POLL_MS = 200;
// A first install over a slow line takes minutes; nobody waits for another one longer than this.
const WAIT_MS = 20 * 60_000;
// The breaker holds its own lock for microseconds. One this old belongs to nobody.
const BREAKER_STALE_MS = 10_000;

/**
 * One installation at a time in a checkout. The lock names the processes that hold it, so that
 * it can be broken once all of them have died, and only then: an `npm ci` whose parent was
 * killed goes on writing.
 *
 * @typedef {object} InstallLock
 * @property {(pid: number) => void} addHolder
 * @property {() => void} release
 */

/**
 * @param {string} file
 * @param {{ onWait?: (holder: string) => void, waitMs?: number, isAlive?: (holder: string) => boolean }} [options]
 * @returns {Promise<InstallLock>}
 */
export async function takeInstallLock(file, options = {}) {
  const { onWait = () => {}, waitMs = WAIT_MS, isAlive = isHolderAlive } = options;
  const deadlineMs = Date.now() + waitMs;
  let hasSaid = false;
  for (;;) {
    const taken = tryTake(file);
    if (taken !== null) return taken;
    const holders = readHolders(file);
    if (holders !== null && !holders.some(isAlive)) {
      breakLock(file, isAlive);
      continue;
    }
    if (!hasSaid && holders !== null) {
      hasSaid = true;
      onWait(holders[0] ?? "");
    }
    if (Date.now() > deadlineMs) {
      throw new Stop(
        `Another installation has held ${file} too long. Is it stuck? End it, or remove that file.`,
        75,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * @param {string} file
 * @returns {InstallLock | null}
 */
function tryTake(file) {
  const holders = [describe(process.pid)];
  try {
    writeFileSync(file, holders.join("\n"), { flag: "wx" });
  } catch (error) {
    if (isCode(error, "EEXIST")) return null;
    if (isCode(error, "EACCES") || isCode(error, "EROFS") || isCode(error, "EPERM")) {
      throw new Stop(`Cannot install: this user may not write to the checkout (${file}).`);
    }
    throw error;
  }
  return {
    addHolder(pid) {
      holders.push(describe(pid));
      writeFileSync(file, holders.join("\n"));
    },
    release() {
      rmSync(file, { force: true });
    },
  };
}

/**
 * Two who find the same dead holder must not both remove: the second would remove the lock that
 * the first has just taken. So whoever breaks looks again while holding a second lock.
 *
 * @param {string} file
 * @param {(holder: string) => boolean} isAlive
 */
function breakLock(file, isAlive) {
  const breaker = `${file}.break`;
  try {
    mkdirSync(breaker);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
    const stat = statSync(breaker, { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > BREAKER_STALE_MS) {
      rmSync(breaker, { recursive: true, force: true });
    }
    return;
  }
  try {
    const holders = readHolders(file);
    if (holders !== null && !holders.some(isAlive)) rmSync(file, { force: true });
  } finally {
    rmdirSync(breaker);
  }
}

/**
 * `null`: there is no lock any more, or its holder is just writing itself into it.
 *
 * @param {string} file
 */
function readHolders(file) {
  try {
    const text = readFileSync(file, "utf8");
    if (text !== "") return text.split("\n");
    return Date.now() - statSync(file).mtimeMs > BREAKER_STALE_MS ? [] : null;
  } catch (error) {
    if (isCode(error, "ENOENT")) return null;
    throw error;
  }
}

/**
 * A process id alone can be given to another process; with its start time it cannot.
 *
 * @param {number} pid
 */
function describe(pid) {
  return `${pid} ${readStat(pid)?.started ?? "-"}`;
}

/** @param {string} holder */
export function isHolderAlive(holder) {
  const [pid = 0, started] = holder.split(" ");
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return isCode(error, "EPERM");
  }
  const stat = readStat(Number(pid));
  if (stat === null) return true;
  // A zombie writes nothing any more.
  return stat.state !== "Z" && (started === "-" || started === stat.started);
}

/**
 * @param {number} pid
 * @returns {{ state: string | undefined, started: string | undefined } | null} `null` where there is no /proc
 */
function readStat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields 3 and 22, counted after the name, which may itself hold blanks and parentheses.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0], started: fields[19] };
  } catch {
    return null;
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
export function isCode(error, code) {
  return error instanceof Error && "code" in error && error.code === code;
}
