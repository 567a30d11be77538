import {
  carryOut,
  openSetup,
  setupNames,
  type SetupName,
} from "../adapters/sandboxes/images/setups.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import { systemRandom } from "../adapters/system/system-random.ts";
import type { SandboxSetup, SetupEnd } from "../cli/context.ts";
import { Fault } from "../model/fault.ts";
import type { Environment } from "./environment.ts";
import { openSandboxDrivers } from "./open-sandboxes.ts";

/** Brings to this machine what a driver needs: it needs no server, and changes none that runs. */
export async function openSandboxSetup(
  environment: Environment,
  name: string,
): Promise<SandboxSetup> {
  if (!isSetupName(name))
    throw new Fault("usage_invalid", `What is set up is one of ${setupNames.join(", ")}.`);
  const steps: { say: (line: string) => void } = { say: () => undefined };
  const workshop = {
    directory: environment.sandboxesDirectory,
    // Where Debian keeps `mke2fs`, and does not look as anybody but root.
    path: `${environment.forPrograms["PATH"] ?? ""}:/usr/sbin:/sbin`,
    proxies: environment.proxies,
    random: systemRandom,
    onStep: (line: string) => steps.say(line),
  };
  const setup = await openSetup(name, { workshop, clock: systemClock });
  return {
    lines: setup.lines,
    carryOut: async (onStep) => {
      steps.say = onStep;
      const { made, missing } = await carryOut(setup.steps);
      if (missing !== null)
        return { kind: "refused", reason: missing.reason, fix: missing.fix, made };
      onStep("starting a canary in it");
      return tryOut(environment, name, made);
    },
  };
}

const isSetupName = (name: string): name is SetupName =>
  (setupNames as readonly string[]).includes(name);

/** What was fetched proves nothing before a canary ran in it. */
async function tryOut(
  environment: Environment,
  name: SetupName,
  made: readonly string[],
): Promise<SetupEnd> {
  const drivers = openSandboxDrivers({
    clock: systemClock,
    random: systemRandom,
    forPrograms: environment.forPrograms,
    sandboxesDirectory: environment.sandboxesDirectory,
    hidden: [],
  });
  const driver = drivers.find((one) => one.name === name);
  if (driver === undefined)
    return { kind: "refused", reason: "this version has no driver for it", fix: null, made };
  const probe = await driver.probe();
  return probe.kind === "usable"
    ? { kind: "ready", made, tier: driver.tier, evidence: probe.evidence }
    : { kind: "refused", reason: `its canary: ${probe.reason}`, fix: probe.fix, made };
}
