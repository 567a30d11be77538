import type { Amounts } from "../model/budget.ts";
import type { RunEvent } from "../model/run-event.ts";
import { isShared } from "./view.ts";
import type { Work } from "./worker.ts";

type Reason = Extract<RunEvent, { type: "run.stopped" }>["reason"];

/** The run must not go on as it is; raising a bound lets it. A value for the loop, thrown to reach it. */
export class StopRun extends Error {
  readonly reason: Reason;
  constructor(reason: Reason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** Beside its own budget, a run of a tree holds of the one that all of them share. */
export async function holdShared(work: Work, slot: string, amounts: Amounts): Promise<void> {
  const { journal, options, run } = work;
  if (!isShared(journal.view)) return;
  const { root } = journal.view.created;
  const outcome = await options.store.runBudgets.hold({ root, run, slot, amounts });
  if (outcome === "held") return;
  throw new StopRun("budget", `The cap of ${outcome}, shared with other runs, is reached.`);
}

export async function settleShared(work: Work, slot: string, cost: Amounts): Promise<void> {
  const { journal, options, run } = work;
  if (!isShared(journal.view)) return;
  const { root } = journal.view.created;
  await options.store.runBudgets.settle({ root, run, slot }, cost);
}

/** What a run has spent until it asks for others: from then on it stands where all can see it. */
export async function openShared({ journal, options, tenant, run }: Work): Promise<void> {
  const { view } = journal;
  if (!isShared(view) || view.created.root !== run) return;
  const { caps, spent } = view.budget;
  await options.store.runBudgets.open(run, { tenant, caps, spent });
}
