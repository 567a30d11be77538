import type { RunId } from "../model/index.ts";
import type { Noting } from "./journal.ts";
import { releaseShared } from "./hold.ts";
import { measureQuality } from "./measure-quality.ts";
import { toCancelOrders, toParent } from "./tell-children.ts";
import type { Work } from "./worker.ts";

interface Cancelling {
  readonly by: string;
  readonly inbox: number | null;
  readonly detail: string;
}

/** The end of a run that nobody wants to go on: its sub-agents end with it, and its parent hears of it. */
export async function toCancelled(work: Work, { by, inbox, detail }: Cancelling): Promise<Noting> {
  const measured = await measureQuality(work);
  await releaseShared(work);
  const atMs = work.options.clock.nowMs();
  const word = { kind: "child_ended", outcome: "cancelled", output: null, detail } as const;
  const orders = toCancelOrders(work, by, await listUnknown(work));
  return {
    events: [...measured, { v: 1, type: "run.cancelled", atMs, by, inbox }],
    unit: { letters: [...orders, ...toParent(work, word)] },
    wakeAtMs: null,
  };
}

/** More sub-agents than one answer of a model can ask for. */
const maxChildren = 100;

/** Sub-agents that were made for a call whose worker died before it could say so. */
async function listUnknown({ journal, options, tenant, run }: Work): Promise<readonly RunId[]> {
  const { turn, children } = journal.view;
  const mayHave = turn?.calls.some(
    ({ effect, state }) => effect === "agent" && state.kind !== "ended" && state.kind !== "child",
  );
  if (mayHave !== true) return [];
  const rows = await options.store.runs.list(tenant, { parent: run, limit: maxChildren });
  return rows.filter((row) => !row.ended && children[row.run] === undefined).map((row) => row.run);
}

/**
 * A sub-agent whose parent has ended works for nobody. It may have been made in the moment in which its
 * parent was cancelled, and so be one that nobody told. What it did in part stays said as it is.
 */
export async function endOrphan(work: Work): Promise<void> {
  const { journal } = work;
  if (journal.isEnded || journal.view.state === "partial" || !(await isOrphan(work))) return;
  const detail = "The run that had asked for it has ended.";
  await journal.note(await toCancelled(work, { by: "parent", inbox: null, detail }));
}

/** Its parent has ended: what it would do now, nobody would hear of. */
export async function isOrphan({ journal, options }: Work): Promise<boolean> {
  const { parent } = journal.view.created;
  if (parent === null) return false;
  const head = await options.store.runs.get(parent.run);
  return head === null || head.ended;
}
