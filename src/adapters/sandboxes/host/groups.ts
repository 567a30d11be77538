import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import type { Enforcement, SandboxLimits } from "../../../model/sandbox.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { SandboxUsage } from "../../../ports/sandbox.ts";
import { controllers, type Controller, type GroupPlaces, type Place } from "./group-places.ts";
import { isGone, parseGroupName } from "./owner.ts";

/** What holds all processes of one sandbox, wherever they go. */
export interface Group {
  /** Whoever starts in it joins each of them first. */
  readonly directories: readonly string[];
  kill(): void;
  /** From now on. */
  limitCpu(cpuMillis: number): void;
  readUsage(): SandboxUsage;
  /** Ends what is left in it and takes it away. Gives what it could not take away. */
  remove(): Promise<readonly string[]>;
}

/** A sandbox has two processes besides its program's: one that waits outside, and the first inside. */
const ownProcesses = 2;
const cpuPeriodUs = 100_000;
const leastQuotaUs = 1_000;
/** A group is busy for some milliseconds after its last process has ended. */
const longestPauseMs = 5;
export const mostPauses = 1_000;
/** Short ones first: most are gone at once, and whoever waits for an answer waits for this. */
export const toPauseMs = (paused: number): number => Math.min(longestPauseMs, 1 + paused);

export function toEnforcement(places: GroupPlaces): Enforcement {
  return {
    memoryBytes: places.memory?.version ?? "none",
    processes: places.pids?.version ?? "rlimit",
    cpuMillis: places.cpu?.version ?? "none",
    scratchBytes: "mount",
    openFiles: "rlimit",
  };
}

export interface GroupSpec {
  readonly name: string;
  readonly limits: SandboxLimits;
  readonly clock: Clock;
}

/** Leaves nothing where it throws. */
export function createGroup(places: GroupPlaces, { name, limits, clock }: GroupSpec): Group {
  const parents = parentsOf(places);
  const group = openGroup(places, name, clock);
  try {
    for (const parent of parents) mkdirSync(`${parent}/${name}`);
    for (const controller of controllers) {
      const place = places[controller];
      if (place !== null) writeLimit[controller](place, `${place.parent}/${name}`, limits);
    }
    return group;
  } catch (error) {
    for (const directory of group.directories) removeEmpty(directory);
    throw error;
  }
}

const writeLimit: Readonly<
  Record<Controller, (place: Place, directory: string, limits: SandboxLimits) => void>
> = {
  memory: ({ version }, directory, { memoryBytes }) => {
    const name = version === "cgroup v1" ? "memory.limit_in_bytes" : "memory.max";
    writeFileSync(`${directory}/${name}`, String(memoryBytes));
    // Swap is counted together with memory, or not given at all, where this kernel counts it.
    writeIfThere(`${directory}/memory.memsw.limit_in_bytes`, memoryBytes);
    writeIfThere(`${directory}/memory.swap.max`, 0);
  },
  pids: (_, directory, { processes }) =>
    writeFileSync(`${directory}/pids.max`, String(processes + ownProcesses)),
  cpu: (place, directory, { cpuMillis }) => writeCpu(place, directory, cpuMillis),
};

function writeCpu({ version }: Place, directory: string, cpuMillis: number): void {
  const quotaUs = Math.max(leastQuotaUs, Math.round((cpuMillis * cpuPeriodUs) / 1_000));
  if (version === "cgroup v2")
    return writeFileSync(`${directory}/cpu.max`, `${quotaUs} ${cpuPeriodUs}`);
  writeFileSync(`${directory}/cpu.cfs_period_us`, String(cpuPeriodUs));
  writeFileSync(`${directory}/cpu.cfs_quota_us`, String(quotaUs));
}

function writeIfThere(file: string, value: number): void {
  if (existsSync(file)) writeFileSync(file, String(value));
}

const parentsOf = (places: GroupPlaces): readonly string[] => {
  const found = controllers.flatMap((controller) => places[controller]?.parent ?? []);
  return [...new Set(places.unified === null ? found : [...found, places.unified])];
};

/** One that is there already, or about to be. */
function openGroup(places: GroupPlaces, name: string, clock: Clock): Group {
  const directories = parentsOf(places).map((parent) => `${parent}/${name}`);
  const of = (place: Place | null, file: string): string =>
    place === null ? "" : readText(`${place.parent}/${name}/${file}`);
  const kill = (): void => directories.forEach(killGroup);
  return {
    directories,
    kill,
    limitCpu: (cpuMillis) => {
      if (places.cpu !== null) writeCpu(places.cpu, `${places.cpu.parent}/${name}`, cpuMillis);
    },
    readUsage: () => {
      const { memory, pids, unified } = places;
      const isFirst = memory?.version === "cgroup v1";
      const time = unified === null ? "" : readText(`${unified}/${name}/cpu.stat`);
      return {
        memoryPeakBytes: toNumber(
          /^(\d+)$/m,
          of(memory, isFirst ? "memory.max_usage_in_bytes" : "memory.peak"),
        ),
        cpuUs: toNumber(/^usage_usec (\d+)$/m, time),
        refusedProcesses: toNumber(/^max (\d+)$/m, of(pids, "pids.events")),
        memoryKills: toNumber(
          /^oom_kill (\d+)$/m,
          of(memory, isFirst ? "memory.oom_control" : "memory.events"),
        ),
      };
    },
    remove: async () => {
      for (let paused = 0; paused < mostPauses; paused += 1) {
        kill();
        if (directories.map(removeEmpty).every((isRemoved) => isRemoved)) return [];
        await clock.sleep(toPauseMs(paused));
      }
      return directories.filter((directory) => existsSync(directory));
    },
  };
}

/** One stroke where the kernel can; otherwise one after the other, and whoever removes it does it again. */
function killGroup(directory: string): void {
  const stroke = `${directory}/cgroup.kill`;
  if (existsSync(stroke)) return unlessGone(() => writeFileSync(stroke, "1"));
  const pids = readText(`${directory}/cgroup.procs`).split("\n").map(Number);
  for (const pid of pids) if (pid > 0) unlessGone(() => process.kill(pid, "SIGKILL"));
}

function unlessGone(act: () => void): void {
  try {
    act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "ENOENT" && code !== "ENODEV") throw error;
  }
}

function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function toNumber(pattern: RegExp, text: string): number | null {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

/** Takes away the groups of servers that are no more, with whatever still runs in them. */
export async function sweepGroups(places: GroupPlaces, clock: Clock): Promise<readonly string[]> {
  const names = parentsOf(places).flatMap((parent) => readdirSync(parent));
  const left = [...new Set(names)].filter((name) => {
    const owner = parseGroupName(name);
    return owner !== null && isGone(owner);
  });
  const remains = await Promise.all(left.map((name) => openGroup(places, name, clock).remove()));
  return remains.flat();
}
