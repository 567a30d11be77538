import { readFileSync, statSync } from "node:fs";
import type { Clock } from "../../../ports/clock.ts";
import { BoxedProgram, type BoxedParts, type Inside } from "../host/boxed-program.ts";
import { waitForExit } from "../host/exit.ts";
import type { Group } from "../host/groups.ts";
import { InstanceProcesses } from "./instances.ts";
import { askToEnd, type Launch } from "./launch.ts";

export interface GvisorParts extends Omit<BoxedParts, "tool" | "inside"> {
  readonly spec: Launch;
}

/** How often it is looked at whether the kernel has ended something of it for its memory. */
const watchMs = 250;
const pauseMs = 5;
const mostPauses = 1_000;
/** As runsc ends where it fails itself, and as any program may. */
const failedCode = 128;

export function createGvisorSandbox({ spec, ...parts }: GvisorParts): BoxedProgram {
  const { child, group, clock } = parts;
  const inside = watchInside(spec, parts, () => sandbox.kill());
  const sandbox = new BoxedProgram({ ...parts, tool: "runsc", inside });
  const done = new AbortController();
  void sandbox.ended.then(() => done.abort());
  void watchMemory(group, clock, done.signal).then((isOver) => {
    if (!isOver) return;
    group.kill();
    child.kill("SIGKILL");
  });
  return sandbox;
}

function watchInside(
  spec: Launch,
  { child, clock, group }: Pick<GvisorParts, "child" | "clock" | "group">,
  onNobody: () => void,
): Inside {
  const { folder, failures } = spec.instance;
  const hasGroup = group.directories.length > 0;
  const processes = new InstanceProcesses(folder);
  let memoryKills = 0;
  return {
    kill: () => {
      if (!hasGroup) processes.kill();
      return true;
    },
    terminate: () => {
      const first = readFirst(child.pid);
      if (first === null) return false;
      const asking = askToEnd(spec, first);
      for (const pid of [first, asking.pid]) if (pid !== undefined) processes.note(pid);
      void waitForExit(asking).then(({ code }) => {
        if (code !== 0) onNobody();
      });
      return true;
    },
    seeOff: async () => {
      memoryKills = group.readUsage().memoryKills ?? 0;
      return seeOff(() => (hasGroup ? processes.killNoted() : processes.kill()), clock);
    },
    toExitCode: ({ code }) => {
      const hasFailed = code === failedCode && hasText(failures);
      // Where the kernel ended one of its parts, the others end in any way.
      return hasFailed || (code !== 0 && memoryKills > 0) ? null : code;
    },
  };
}

/** Of the namespaces that it runs in: the process outside waits for that one alone. */
function readFirst(outside: number | undefined): number | null {
  try {
    const text = readFileSync(`/proc/${outside}/task/${outside}/children`, "utf8");
    return Number(text.trim().split(" ")[0]) || null;
  } catch {
    return null;
  }
}

/** The kernel may end one of its parts alone, and the others would wait for it for ever. */
async function watchMemory(group: Group, clock: Clock, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if ((group.readUsage().memoryKills ?? 0) > 0) return true;
    await clock.sleep(watchMs, signal).catch(() => undefined);
  }
  return false;
}

/**
 * Where no group holds them they are known by their instance, and one of them takes all others with it. That
 * one has left its group while it waits for the last of them: one that asked the program to end has its
 * parent outside, and where that was killed first, the last is this machine's to see off.
 */
async function seeOff(kill: () => readonly number[], clock: Clock): Promise<readonly string[]> {
  for (let paused = 0; paused < mostPauses; paused += 1) {
    if (kill().length === 0) return [];
    await clock.sleep(pauseMs);
  }
  return kill().map((pid) => `process ${pid}`);
}

function hasText(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
}
