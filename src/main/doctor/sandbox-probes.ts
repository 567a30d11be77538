import type { LimitName } from "../../model/sandbox.ts";
import type { SandboxDriver } from "../../ports/sandbox.ts";
import { ok, warn, type Finding, type Probe } from "./probe.ts";

/** A part that is installed proves nothing: a canary of each driver is started, and says what it saw. */
export function toSandboxProbes(drivers: readonly SandboxDriver[]): readonly Probe[] {
  return drivers.map((driver) => ({
    name: `${driver.name} (${driver.tier})`,
    look: () => look(driver),
  }));
}

async function look(driver: SandboxDriver): Promise<Finding> {
  const probe = await driver.probe();
  if (probe.kind === "missing") {
    const refused = `programs that are to run in ${driver.tier} are refused: ${probe.reason}`;
    return warn(refused, probe.fix);
  }
  const loose = (Object.entries(probe.enforcement) as [LimitName, string][])
    .filter(([, by]) => by === "none")
    .map(([limit]) => words[limit]);
  const seen = `a canary was started, and ${probe.evidence.length} things in it are as they have to be`;
  return loose.length === 0
    ? ok(seen)
    : warn(`${seen}, but nothing holds ${loose.join(" and ")} here`, "Give this user cgroups.");
}

const words: Readonly<Record<LimitName, string>> = {
  memoryBytes: "memory",
  processes: "processes",
  cpuMillis: "processor time",
  scratchBytes: "scratch files",
  openFiles: "open files",
};
