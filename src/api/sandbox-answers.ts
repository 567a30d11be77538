import { tierTraits } from "../model/tier-traits.ts";
import type { Sandboxes, SandboxRow } from "../ports/sandbox.ts";
import type { Answers } from "./contract.ts";
import type { sandboxRoutes } from "./sandbox-routes.ts";

export interface SandboxAnswersOptions {
  readonly sandboxes: Pick<Sandboxes, "list">;
}

export function createSandboxAnswers({
  sandboxes,
}: SandboxAnswersOptions): Answers<typeof sandboxRoutes> {
  return {
    listSandboxes: async () => ({
      status: 200,
      body: { sandboxes: (await sandboxes.list()).map(toShown) },
    }),
  };
}

function toShown({ tier, driver, probe, evidence: digest }: SandboxRow) {
  const base = { tier, driver, digest, traits: { ...tierTraits[tier] } };
  return probe.kind === "usable"
    ? {
        ...base,
        usable: true,
        reason: null,
        fix: null,
        evidence: [...probe.evidence],
        limits: { ...probe.enforcement },
      }
    : {
        ...base,
        usable: false,
        reason: probe.reason,
        fix: probe.fix,
        evidence: [],
        limits: null,
      };
}
