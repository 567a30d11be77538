import type { RunId, TenantId } from "../model/index.ts";
import type { RunDesk, RunReport } from "../ports/run-desk.ts";

export interface StoppedRun {
  readonly id: RunId;
  readonly code: string;
  readonly detail: string;
}

/** As many as a tree has. */
const mostRuns = 100;

/**
 * Sub-agents, however deep, that stopped at a bound of their own: whatever is raised for a run above them
 * leaves that as it is. The others go on with it.
 */
export async function listStopped(
  runs: Pick<RunDesk, "list" | "read">,
  tenant: TenantId,
  run: RunId,
): Promise<StoppedRun[]> {
  const found: StoppedRun[] = [];
  const seen = new Set([run]);
  for (const parent of seen) {
    const limit = mostRuns - seen.size;
    const below = limit <= 0 ? [] : await runs.list(tenant, { parent, state: "stopped", limit });
    for (const each of below) seen.add(each.run);
    // It stopped because of these.
    if (parent === run || below.length > 0) continue;
    const report = await runs.read(tenant, parent);
    if (isBoundOfItsOwn(report)) found.push({ id: parent, ...report.reason });
  }
  return found;
}

type Stopped = RunReport & { readonly reason: NonNullable<RunReport["reason"]> };

function isBoundOfItsOwn(report: RunReport): report is Stopped {
  const { reason, budget } = report;
  if (reason?.code === "steps") return true;
  return reason?.code === "budget" && Object.values(budget.caps).some((cap) => cap !== null);
}
