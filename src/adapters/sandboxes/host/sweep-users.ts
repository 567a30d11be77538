import { readdirSync, readFileSync } from "node:fs";
import type { UidRange } from "./uids.ts";

/** Takes in what has lost its parent. Where we are it, ours are told by `active`. */
const init = 1;

interface Running {
  readonly pid: number;
  readonly parent: number;
  readonly uid: number;
}

/**
 * Ends what runs as one of the sandboxes' users and has lost whoever started it. What another server
 * beside this one runs as one of them has its parent still.
 */
export function sweepUsers(range: UidRange, active: ReadonlySet<number>): readonly number[] {
  const running = readdirSync("/proc").flatMap(readRunning);
  const isOurs = ({ uid }: Running): boolean =>
    uid >= range.first && uid < range.first + range.count && !active.has(uid);
  const byPid = new Map(running.map((one) => [one.pid, one]));
  const lost = running.filter((one) => {
    let top = one;
    // Up to the first process that another user runs; a process has fewer ancestors than there are.
    for (let step = 0; step < running.length; step += 1) {
      const above = byPid.get(top.parent);
      if (above === undefined || !isOurs(above)) break;
      top = above;
    }
    return isOurs(one) && top.parent === init;
  });
  for (const { pid } of lost) kill(pid);
  return lost.map(({ pid }) => pid);
}

function readRunning(name: string): readonly Running[] {
  if (!/^\d+$/.test(name)) return [];
  try {
    const status = readFileSync(`/proc/${name}/status`, "utf8");
    const of = (field: string) => new RegExp(`^${field}:\\s+(\\S+)`, "m").exec(status)?.[1] ?? "";
    // A dead one waits for whoever asks how it ended, and does nothing; its other threads may live on.
    if (of("State") === "Z" && Number(of("Threads")) <= 1) return [];
    return [{ pid: Number(name), parent: Number(of("PPid")), uid: Number(of("Uid")) }];
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}
