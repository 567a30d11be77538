import { readFileSync } from "node:fs";
import type { Clock } from "../../../ports/clock.ts";
import { BoxedProgram, type BoxedParts, type Inside } from "../host/boxed-program.ts";
import { mostPauses, toPauseMs } from "../host/groups.ts";
import { readBegan } from "../host/owner.ts";
import { statusOf } from "./launch.ts";
import { readStatus, type FirstProcess, type Status } from "./status.ts";

const statusMs = 1_000;

/** What bwrap tells of those inside: the first of them, which takes all others with it. */
export function createBubblewrapSandbox(parts: Omit<BoxedParts, "tool" | "inside">): BoxedProgram {
  const { child, clock } = parts;
  const status = readStatus(statusOf(child), () => sandbox.noticeInside());
  const inside = watchInside(status, clock);
  const sandbox = new BoxedProgram({ ...parts, tool: "bwrap", inside });
  return sandbox;
}

function watchInside(status: Status, clock: Clock): Inside {
  return {
    kill: () => {
      const { first } = status;
      if (first !== null) killFirst(first);
      return first !== null;
    },
    terminate: () => {
      const { first } = status;
      const program = first === null ? null : readChild(first.pid);
      if (program === null) return false;
      signal(program, "SIGTERM");
      return true;
    },
    seeOff: async () => {
      await Promise.race([status.closed, clock.sleep(statusMs)]);
      const { first } = status;
      if (first === null || (await seeOff(first, clock))) return [];
      return [`process ${first.pid}`];
    },
    toExitCode: () => status.exitCode,
  };
}

async function seeOff(first: FirstProcess, clock: Clock): Promise<boolean> {
  for (let paused = 0; paused < mostPauses; paused += 1) {
    if (!killFirst(first)) return true;
    await clock.sleep(toPauseMs(paused));
  }
  return false;
}

/** Whether it was still there. */
function killFirst({ pid, beganAt }: FirstProcess): boolean {
  if (readBegan(pid) !== beganAt) return false;
  signal(pid, "SIGKILL");
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}

/** The program itself is the first child of the first process. */
function readChild(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    const [child = ""] = text.trim().split(" ");
    return child === "" ? null : Number(child);
  } catch {
    return null;
  }
}
