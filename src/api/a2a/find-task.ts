import { Fault, type TenantId } from "../../model/index.ts";
import type { RunReport } from "../../ports/run-desk.ts";
import { readRun, type Reach } from "../run-rights.ts";
import { readHistory } from "./look.ts";
import type { A2aOptions, Calling } from "./options.ts";
import { noTask } from "./refusals.ts";
import { toTask, type Task, type TaskLook } from "./task.ts";

interface Finding {
  readonly id: string;
  readonly reach: Reach;
}

type Runs = Pick<A2aOptions, "runs">;

/** Throws `TaskNotFound`. */
export async function findTask(
  options: Runs,
  calling: Calling,
  finding: Finding,
): Promise<RunReport> {
  const report = await findTaskOrNull(options, calling, finding);
  if (report === null) throw noTask(finding.id);
  return report;
}

/**
 * A run of this very agent that the caller may reach. Another's, another agent's and a sub-agent's are as
 * one that is not there: what is not exposed is not read over this door, whoever started it.
 */
export async function findTaskOrNull(
  { runs }: Runs,
  { agent, holder }: Calling,
  { id, reach }: Finding,
): Promise<RunReport | null> {
  try {
    const report = await readRun(runs, { id, holder, reach });
    return report.agent === agent && report.parent === null ? report : null;
  } catch (error) {
    if (error instanceof Fault && (error.code === "not_found" || error.code === "forbidden"))
      return null;
    throw error;
  }
}

interface Shown {
  /** Null: as much as there is. */
  readonly historyLength: number | null | undefined;
  readonly hasArtifacts?: boolean;
}

export async function showTask(
  options: Runs,
  look: TaskLook & { readonly tenant: TenantId },
  { historyLength = null, hasArtifacts = true }: Shown,
): Promise<Task> {
  const history = await readHistory(options, look, historyLength);
  return toTask(look, { history, hasArtifacts });
}
