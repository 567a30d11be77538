import { nothing, type Amounts, type Caps } from "../model/budget.ts";
import { isOwnEffect, type RunEvent } from "../model/run-event.ts";
import { costOf } from "./call-cost.ts";
import { isShared, listUnfinished, type CallView, type Placed, type RunView } from "./view.ts";
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

/** Names what is held for a call: the same one while it waits, and another once it is made anew. */
export function toCallSlot({ asks }: Pick<RunView, "asks">, call: Placed & { again: number }) {
  return `call:${call.step}:${call.ordinal}:${asks}:${call.again}`;
}

/** The same one until it is noted that the source was read: whoever dies before that reads it again. */
export function toSourceSlot({ sources, step }: Pick<RunView, "sources" | "step">, name: string) {
  const lastMs = Object.hasOwn(sources, name) ? sources[name]!.atMs : 0;
  return `source:${name}:${step}:${lastMs}`;
}

export async function settleCall(work: Work, call: CallView, cost: Amounts): Promise<void> {
  await settleShared(work, toCallSlot(work.journal.view, call), cost);
}

/**
 * Before a run ends: what it still holds is given back to the others, and what may have been spent is
 * spent. Each slot is settled once, whoever does it again.
 */
export async function releaseShared(work: Work): Promise<void> {
  const { view } = work.journal;
  if (!isShared(view)) return;
  const { turn, asked, asks } = view;
  if (asked !== null) await settleShared(work, `model:${asks - 1}`, asked.held);
  await settleShared(work, `model:${asks}`, nothing);
  for (const { kind, name } of work.hasBundle ? (work.built.bundle.context?.sources ?? []) : [])
    if (kind === "tool") await settleShared(work, toSourceSlot(view, name), nothing);
  for (const call of new Set([...(turn?.calls ?? []), ...listUnfinished(view)])) {
    const { kind } = call.state;
    const wasSent = kind === "started" || kind === "child" || kind === "ended";
    // Without a bundle nobody knows what was sent cost: it stays held.
    if (isOwnEffect(call.effect) || (wasSent && !work.hasBundle)) continue;
    await settleCall(work, call, wasSent ? costOf(work, call) : nothing);
  }
}

/**
 * What a run has spent until it asks for others: from then on it stands where all can see it. Its caps
 * are those of the log of the root, whatever was told to it since.
 */
export async function openShared({ journal, options, tenant, run }: Work): Promise<void> {
  const { view } = journal;
  if (!isShared(view) || view.created.root !== run) return;
  const { caps, spent } = view.budget;
  const { runBudgets } = options.store;
  await runBudgets.open(run, { tenant, caps, spent });
  const known = await runBudgets.read(run);
  if (known !== null && !isSame(known.caps, caps)) await runBudgets.raise(run, caps);
}

function isSame(one: Caps, other: Caps): boolean {
  return one.micros === other.micros && one.tokens === other.tokens && one.calls === other.calls;
}

/** A cap in money of the run, or of the tree that it is part of: then what has no price is not bought. */
export async function isPriced({ journal, options }: Work): Promise<boolean> {
  const { view } = journal;
  if (view.budget.caps.micros !== null) return true;
  if (!isShared(view)) return false;
  const shared = await options.store.runBudgets.read(view.created.root);
  return shared !== null && shared.caps.micros !== null;
}
