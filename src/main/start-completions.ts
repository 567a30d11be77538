import { createBudgets } from "../authority/budgets.ts";
import { findLeakIn } from "../gate/leaks.ts";
import type { Config } from "../model/config.ts";
import type { ModelsConfig } from "../model/config-models.ts";
import { toDestination } from "../ports/credentials.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Completions } from "../run/completing.ts";
import { createCompletions } from "../run/completions.ts";
import type { ModelRouter } from "../run/model-router.ts";
import type { GateBase } from "./gate-base.ts";

export interface CompletionParts {
  readonly base: GateBase;
  readonly router: ModelRouter;
  readonly scan: LeakScan;
}

/** Models for agents built elsewhere, under one revision. */
export function startCompletions(
  { budgets, limits }: Config,
  { base, router, scan }: CompletionParts,
): Completions {
  return createCompletions({
    ...base,
    router,
    waitMs: limits.requestDeadline,
    budgets: createBudgets({ budgets, leases: base.leases, clock: base.clock }),
    scan,
    findSecret: (sent) => findLeakIn(scan, sent),
  });
}

export function joinScans(scans: readonly LeakScan[]): LeakScan {
  return {
    get isEmpty() {
      return scans.every(({ isEmpty }) => isEmpty);
    },
    find: (text) => scans.flatMap((scan) => scan.find(text)),
    redact: (text) => scans.reduce((rest, scan) => scan.redact(rest), text),
  };
}

/** A key is looked for before it was first used. One that cannot be read is told when it is. */
export async function learnModelKeys({ backends }: ModelsConfig, secrets: Secrets): Promise<void> {
  await Promise.allSettled(
    Object.values(backends).map(async (backend) => {
      if (backend.kind === "scripted" || backend.key === undefined) return;
      await secrets.resolve(backend.key, toDestination(backend.url) ?? undefined);
    }),
  );
}
