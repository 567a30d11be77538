import { readRunnerArguments } from "../adapters/sandboxes/runner/runner-command.ts";
import type { Tier } from "../model/sandbox.ts";
import type { Clock } from "../ports/clock.ts";
import type { Errands } from "../ports/errands.ts";
import type { Sandboxes } from "../ports/sandbox.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { defaultErrandLimits } from "../sandbox/errand-limits.ts";
import { createErrands } from "../sandbox/errands.ts";
import { defaultPoolLimits } from "../sandbox/pool-limits.ts";

export interface ErrandParts {
  readonly sandboxes: Pick<Sandboxes, "start">;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** A virtual machine has a Node of its own; elsewhere this one is seen. */
const toNodePath = (tier: Tier): string => (tier === "T3" ? "node" : process.execPath);

/** Nothing is started before somebody asks. */
export function openErrands(parts: ErrandParts): Errands {
  let reading: Promise<readonly string[]> | null = null;
  const readArguments = (): Promise<readonly string[]> => {
    reading ??= readRunnerArguments().catch((error: unknown) => {
      reading = null;
      throw error;
    });
    return reading;
  };
  return createErrands({
    ...parts,
    limits: defaultErrandLimits,
    pool: defaultPoolLimits,
    toCommand: async (tier) => [toNodePath(tier), ...(await readArguments())],
  });
}
