import type { SandboxSpec } from "../../../ports/sandbox.ts";
import { placeOwnPart, toOwnPath } from "../host/own-part.ts";
import { planSandbox, type Extra, type Plan, type Planning } from "../host/plan.ts";
import { proxyPort } from "../host/proxy.ts";
import type { Box } from "./arguments.ts";
import type { Host } from "./read-host.ts";

export interface StartPlan {
  readonly box: Omit<Box, "madeUp" | "seccomp" | "status">;
  readonly command: readonly string[];
  /** What the program is given; where it may reach something, our own part gives it. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface StartPlanning extends Omit<Planning, "system"> {
  readonly host: Host;
  readonly nodePath: string;
}

/** Decides all of a sandbox before anything of it is made. Throws where the spec asks for too much. */
export async function planStart(spec: SandboxSpec, planning: StartPlanning): Promise<StartPlan> {
  const { host, nodePath } = planning;
  const hasProxy = spec.onConnection !== null;
  const extra = hasProxy ? withBoot(planning.extra, nodePath) : planning.extra;
  const plan = await planSandbox(spec, { ...planning, system: host.system, extra });
  const first = hasProxy ? toBootCommand(plan) : [];
  // Our own part listens to nothing that a program's variables say.
  const box = hasProxy ? { ...plan, environment: {} } : plan;
  const command = [...first, ...toLimitCommand(spec, host), ...plan.command];
  return { environment: plan.environment, command, box };
}

function withBoot({ placed, programs }: Extra, nodePath: string): Extra {
  return {
    placed: [...placed, placeOwnPart("boot", import.meta.url)],
    programs: [nodePath, ...programs],
  };
}

const toBootCommand = ({ programs }: Plan): readonly string[] => [
  programs[0] ?? "",
  "--disable-warning=ExperimentalWarning",
  toOwnPath("boot"),
  String(proxyPort),
];

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
