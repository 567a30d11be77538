import type { ApprovalId, RunId, TenantId } from "../model/index.ts";
import type { RunState } from "../model/run-states.ts";
import type { Clock } from "../ports/clock.ts";
import type { RunDesk, RunReport } from "../ports/run-desk.ts";

/** How a run stands, its sub-agents looked at, too. */
export interface Looked {
  readonly report: RunReport;
  /** Whether something will happen without anybody's doing. */
  readonly isGoing: boolean;
  /** What people are asked, in the run or below it. */
  readonly approvals: readonly ApprovalId[];
  /** Of these the next news can come. */
  readonly seen: readonly Seen[];
}

interface Seen {
  readonly run: RunId;
  readonly head: number;
}

export interface Following {
  readonly tenant: TenantId;
  readonly run: RunId;
  /** Tells what happened up to an event. */
  readonly progress: (head: number) => Promise<void>;
  readonly until: AbortSignal;
}

/** A run that is busy is not read at each of its events. */
const pauseMs = 100;
/** Deeper than sub-agents go. */
const maxDepth = 8;
/** Sub-agents whose news are waited for; of the others their parent hears, a little later. */
const maxSeen = 16;

/** Until it has ended, stands still, or the signal fires: what it is then. */
export async function followRun(
  { desk, clock }: { readonly desk: RunDesk; readonly clock: Clock },
  { tenant, run, progress, until }: Following,
): Promise<Looked> {
  for (;;) {
    const looked = await lookAtRun(desk, { tenant, run });
    await progress(looked.report.head);
    if (!looked.isGoing || until.aborted) return looked;
    await untilNews(desk, looked.seen, until);
    await clock.sleep(pauseMs, until).catch(() => undefined);
  }
}

/** Resolves when something may have happened in one of them, or the signal fires. */
export async function untilNews(
  desk: Pick<RunDesk, "changed">,
  seen: readonly Seen[],
  until: AbortSignal,
): Promise<void> {
  const heard = new AbortController();
  const signal = AbortSignal.any([until, heard.signal]);
  await Promise.race(
    seen.slice(0, maxSeen).map(({ run, head }) => desk.changed(run, head, signal)),
  );
  heard.abort();
}

const ended: ReadonlySet<RunState> = new Set(["completed", "failed", "cancelled", "partial"]);
const still: ReadonlySet<RunState> = new Set(["stopped", "paused", "parked"]);

export async function lookAtRun(
  desk: RunDesk,
  { tenant, run }: Pick<Following, "tenant" | "run">,
  depth = 0,
): Promise<Looked> {
  const report = await desk.read(tenant, run);
  const { state, head, waits } = report;
  const seen = [{ run, head }];
  const looked = { report, approvals: [], seen };
  // The end of a sub-agent is news for its parent.
  if (ended.has(state)) return { ...looked, isGoing: depth > 0 };
  if (still.has(state)) return { ...looked, isGoing: false };
  const isWaiting = state === "waiting" && waits.length > 0;
  if (!isWaiting || depth >= maxDepth) return { ...looked, isGoing: true };
  const below: Looked[] = [];
  const approvals: ApprovalId[] = [];
  let isGoing = false;
  for (const wait of waits) {
    if (wait.kind === "approval") approvals.push(wait.approval);
    else if (wait.kind === "run")
      below.push(await lookAtRun(desk, { tenant, run: wait.run }, depth + 1));
    else isGoing = true;
  }
  return {
    report,
    isGoing: isGoing || below.some((each) => each.isGoing),
    approvals: [...approvals, ...below.flatMap((each) => each.approvals)],
    seen: [...seen, ...below.flatMap((each) => each.seen)],
  };
}
