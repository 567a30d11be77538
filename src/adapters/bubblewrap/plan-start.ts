import type { SandboxSpec } from "../../ports/sandbox.ts";
import { scratchDirectory, type Box, type Placed } from "./arguments.ts";
import { fail, isWithin } from "./fail.ts";
import { findProgram } from "./find-program.ts";
import { findCovers, findPins, judgeMounts } from "./judge-mounts.ts";
import { placeOwnPart, toOwnPath } from "./own-part.ts";
import type { Host } from "./read-host.ts";
import { proxyPort, toProxyVariables } from "./take-listener.ts";

export interface StartPlan {
  readonly box: Omit<Box, "madeUp" | "seccomp" | "status">;
  readonly command: readonly string[];
  /** What the program is given; where it may reach something, our own part gives it. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Planning {
  readonly host: Host;
  readonly hidden: readonly string[];
  readonly nodePath: string;
  readonly path: string;
  /** Of the host, whom it runs as; one that owns nothing stands for all of those that may be drawn. */
  readonly user: number;
  readonly extra: Extra;
}

/** What a sandbox of ours sees besides. */
export interface Extra {
  readonly placed: readonly Placed[];
  readonly programs: readonly string[];
}

/** Decides all of a sandbox before anything of it is made. Throws where the spec asks for too much. */
export async function planStart(spec: SandboxSpec, planning: Planning): Promise<StartPlan> {
  const { host, hidden } = planning;
  await judgeMounts(spec.mounts);
  const directory = judgeDirectory(spec);
  const environment = toEnvironment(spec, directory, planning.path);
  const search = {
    path: environment["PATH"] ?? "",
    directory,
    visible: [...host.system, ...spec.mounts].map((one) => one.path),
  };
  const [name = "", ...args] = spec.command;
  const program = await findProgram(name, search);
  const limited = [...toLimitCommand(spec, host), program.path, ...args];
  const { boot, first } = await planBoot(spec, planning, search);
  const { extra } = planning;
  const others = await Promise.all(extra.programs.map((one) => findProgram(one, search)));
  const placed = unique([
    ...host.system,
    ...boot,
    ...program.placed,
    ...others.flatMap((one) => one.placed),
    ...extra.placed,
  ]);
  const covers = await findCovers(hidden, { placed, mounts: spec.mounts }, planning.user);
  return {
    environment,
    command: [...first, ...limited],
    box: {
      placed,
      mounts: spec.mounts,
      pins: findPins(covers, spec.mounts),
      covers,
      // Our own part listens to nothing that a program's variables say.
      environment: spec.onConnection === null ? environment : {},
      directory,
      scratchBytes: spec.limits.scratchBytes,
    },
  };
}

/** Our own part is a Node, and with fewer threads that waits for ever. */
const leastProcesses = 16;

async function planBoot(
  { onConnection, limits }: SandboxSpec,
  { nodePath }: Planning,
  search: Parameters<typeof findProgram>[1],
): Promise<{ readonly boot: readonly Placed[]; readonly first: readonly string[] }> {
  if (onConnection === null) return { boot: [], first: [] };
  if (limits.processes < leastProcesses)
    throw fail(`A sandbox that may reach something takes ${leastProcesses} processes at least.`);
  const node = await findProgram(nodePath, search);
  const quiet = "--disable-warning=ExperimentalWarning";
  return {
    boot: [...node.placed, placeOwnPart("boot")],
    first: [node.path, quiet, toOwnPath("boot"), String(proxyPort)],
  };
}

function judgeDirectory({ directory, mounts }: SandboxSpec): string {
  if (directory === null) return scratchDirectory;
  if (!mounts.some((mount) => isWithin(directory, mount.path)))
    throw fail(`${directory} is not among the mounts, so nothing can start there.`);
  return directory;
}

function toEnvironment(
  { environment, onConnection }: SandboxSpec,
  directory: string,
  path: string,
): Readonly<Record<string, string>> {
  const wrong = Object.keys(environment).find((name) => name === "" || name.includes("="));
  if (wrong !== undefined) throw fail(`"${wrong}" is no name of a variable.`);
  const proxy = onConnection === null ? {} : toProxyVariables();
  return { PATH: path, HOME: scratchDirectory, ...environment, ...proxy, PWD: directory };
}

/** A process waits for others in each sandbox, and is counted with them. */
const ownProcesses = 1;

/** Set inside, where processes are counted for this sandbox alone; outside, all of a user's count. */
function toLimitCommand({ limits }: SandboxSpec, { programs, groups }: Host): readonly string[] {
  const { openFiles, processes } = limits;
  const most = processes + ownProcesses;
  return [
    programs.prlimit,
    `--nofile=${openFiles}:${openFiles}`,
    "--core=0:0",
    ...(groups.pids === null ? [`--nproc=${most}:${most}`] : []),
    "--",
  ];
}

const unique = (placed: readonly Placed[]): readonly Placed[] => [
  ...new Map(placed.map((one) => [one.path, one])).values(),
];
