import type { Mount, SandboxSpec } from "../../../ports/sandbox.ts";
import { toAuthorityFiles, toAuthorityVariables } from "./authority.ts";
import { fail, isWithin } from "./fail.ts";
import { findProgram } from "./find-program.ts";
import { findCovers, findPins, judgeMounts } from "./judge-mounts.ts";
import type { Cover, Placed } from "./placed.ts";
import { toProxyVariables } from "./proxy.ts";

/** All that is decided of a sandbox which has the host's own programs, before anything of it is made. */
export interface Plan {
  readonly placed: readonly Placed[];
  readonly mounts: readonly Mount[];
  /** Folders that are to stay where they are in what may be written. */
  readonly pins: readonly string[];
  readonly covers: readonly Cover[];
  readonly directory: string;
  /** The program and its arguments, by their paths in the sandbox. */
  readonly command: readonly string[];
  /** Programs of our own part, by their paths there, in the order in which they were asked for. */
  readonly programs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Texts of files that are nowhere on the host, by their paths: what it trusts besides. */
  readonly authorities: Readonly<Record<string, string>>;
  readonly scratchBytes: number;
}

export interface Planning {
  readonly system: readonly Placed[];
  readonly hidden: readonly string[];
  /** Where programs are looked for, as in PATH. */
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

export const noExtra: Extra = { placed: [], programs: [] };

export const scratchDirectory = "/tmp";
/** Our own part is a Node, and with fewer threads that waits for ever. */
const leastProcesses = 16;

/** Throws where the spec asks for too much. */
export async function planSandbox(spec: SandboxSpec, planning: Planning): Promise<Plan> {
  const { system, hidden, path, user, extra } = planning;
  await judgeMounts(spec.mounts);
  const directory = judgeDirectory(spec);
  const environment = toEnvironment(spec, directory, path);
  const search = {
    path: environment["PATH"] ?? "",
    directory,
    visible: [...system, ...spec.mounts].map((one) => one.path),
  };
  const [name = "", ...args] = spec.command;
  const program = await findProgram(name, search);
  if (spec.onConnection !== null && spec.limits.processes < leastProcesses)
    throw fail(`A sandbox that may reach something takes ${leastProcesses} processes at least.`);
  const others = await Promise.all(extra.programs.map((one) => findProgram(one, search)));
  const placed = unique([
    ...system,
    ...program.placed,
    ...others.flatMap((one) => one.placed),
    ...extra.placed,
  ]);
  const covers = await findCovers(hidden, { placed, mounts: spec.mounts }, user);
  return {
    placed,
    mounts: [...spec.mounts].sort(byPath),
    pins: findPins(covers, spec.mounts),
    covers,
    directory,
    command: [program.path, ...args],
    programs: others.map((one) => one.path),
    environment,
    authorities: await toAuthorityFiles(spec.authority),
    scratchBytes: spec.limits.scratchBytes,
  };
}

/** A folder comes before what lies in it. */
const byPath = (a: Mount, b: Mount): number => (a.path < b.path ? -1 : 1);

export function judgeDirectory({ directory, mounts }: SandboxSpec): string {
  if (directory === null) return scratchDirectory;
  if (!mounts.some((mount) => isWithin(directory, mount.path)))
    throw fail(`${directory} is not among the mounts, so nothing can start there.`);
  return directory;
}

export function toEnvironment(
  { environment, onConnection, authority }: SandboxSpec,
  directory: string,
  path: string,
): Readonly<Record<string, string>> {
  const wrong = Object.keys(environment).find((name) => name === "" || name.includes("="));
  if (wrong !== undefined) throw fail(`"${wrong}" is no name of a variable.`);
  const proxy = onConnection === null ? {} : toProxyVariables();
  const own = { ...proxy, ...toAuthorityVariables(authority), PWD: directory };
  return { PATH: path, HOME: scratchDirectory, ...environment, ...own };
}

const unique = (placed: readonly Placed[]): readonly Placed[] => [
  ...new Map(placed.map((one) => [one.path, one])).values(),
];
