import { readdirSync, readFileSync } from "node:fs";
import { isGone, parseGroupName, readBegan } from "../host/owner.ts";

/**
 * Ends the processes that name this folder in their command, as all that runsc starts do, and those that
 * were found before, which lose their names while they end. Gives who was still there.
 */
export function killOfInstance(folder: string, known: Map<number, string>): readonly number[] {
  for (const pid of findByCommand((command) => command.includes(`${folder}/`))) {
    const beganAt = readBegan(pid);
    if (beganAt !== null) known.set(pid, beganAt);
  }
  const left = [...known].filter(([pid, beganAt]) => readBegan(pid) === beganAt);
  const pids = left.map(([pid]) => pid);
  pids.forEach(kill);
  return pids;
}

/** Ends what runs for servers that are no more. */
export function sweepInstances(): void {
  findByCommand((command) => {
    const name = /\/(countersign-[0-9a-f-]+)\/state\b/.exec(command)?.[1];
    const owner = name === undefined ? null : parseGroupName(name);
    return command.includes("runsc") && owner !== null && isGone(owner);
  }).forEach(kill);
}

function findByCommand(isMeant: (command: string) => boolean): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    // A dead one has no command any more.
    const isOne = /^\d+$/.test(name) && isMeant(readCommand(name));
    return isOne ? [Number(name)] : [];
  });
}

function readCommand(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile, or is another user's.
  }
}
