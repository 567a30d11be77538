import { usualContext } from "../model/agent-context.ts";
import { nothing, reserveBudget, type Amounts } from "../model/budget.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { RunBlob } from "../ports/run-rows.ts";
import { askSource } from "./ask-source.ts";
import { costOf } from "./call-cost.ts";
import { listDue, type DueSource } from "./due-sources.ts";
import { holdShared, settleShared, StopRun, toSourceSlot } from "./hold.ts";
import type { Staging } from "./journal.ts";
import { fitSource, toProfile, unavailable, type Said } from "./source-text.ts";
import type { Work } from "./worker.ts";

/** Of contents that become durable together: a unit of the store takes four times that. */
const mostBytes = 16 * 1_024 * 1_024;

interface Planned extends DueSource {
  readonly cost: Amounts;
  readonly ahead: number;
  readonly slot: string;
  /** It is not asked for, since there is nothing left to pay it with. */
  readonly isUnpaid: boolean;
}

/** Before a turn: reads the sources of its context that were never read, are too old, or were made old. */
export async function readSources(work: Work): Promise<void> {
  const { journal, options, built, cut } = work;
  const { sources } = built.bundle.context ?? usualContext;
  const due = listDue(sources, journal.view, options.clock.nowMs());
  if (due.length === 0 || cut.aborted) return;
  const atMs = options.clock.nowMs();
  const planned = plan(work, due);
  const read = await readAll(work, planned);
  // What was cut is read again by whoever goes on; what was held for it is held once.
  if (cut.aborted) return;
  for (const { cost, slot, isUnpaid } of planned)
    if (cost !== nothing && !isUnpaid) await settleShared(work, slot, cost);
  const notes = await Promise.all(
    planned.map((each, index) => toNote(work, { ...each, said: read[index]!, atMs })),
  );
  for (const batch of toBatches(notes)) await journal.note(batch);
}

/** I8: each counts before the next is asked about, so that together they pass a cap by none. */
function plan(work: Work, due: readonly DueSource[]): readonly Planned[] {
  const { view } = work.journal;
  let { budget } = view;
  let ahead = 0;
  return due.map((each) => {
    const { source } = each;
    const cost = source.kind === "tool" ? costOf(work, source) : nothing;
    const slot = toSourceSlot(view, source.name);
    const reserved = reserveBudget(budget, cost);
    const planned = { ...each, cost, slot, ahead, isUnpaid: reserved.kind === "refused" };
    if (reserved.kind === "reserved") ({ budget } = reserved);
    if (source.kind === "tool" && !planned.isUnpaid) ahead += 1;
    return planned.isUnpaid ? { ...planned, cost: nothing } : planned;
  });
}

/**
 * All at once, since a bundle has no more than 32: so a turn waits no longer than for the slowest. All of
 * them are let end, whatever one of them throws. In their order; null where the run was cut.
 */
async function readAll(work: Work, planned: readonly Planned[]): Promise<readonly (Said | null)[]> {
  const settled = await Promise.allSettled(planned.map((each) => readOne(work, each)));
  const errors = settled.flatMap((each): readonly unknown[] =>
    each.status === "rejected" ? [each.reason] : [],
  );
  if (errors.length > 0) throw errors.find((error) => !(error instanceof StopRun)) ?? errors[0];
  return settled.map((each) => (each.status === "fulfilled" ? each.value : null));
}

const unpaid = unavailable("Reading it costs more than the run may still use up.");

async function readOne(work: Work, planned: Planned): Promise<Said | null> {
  const { source, index, ahead, cost, slot, isUnpaid } = planned;
  const { principal, roles } = work.journal.view.created;
  if (source.kind === "text") return { text: source.text, isError: false };
  if (source.kind === "profile") return { text: toProfile(principal, roles), isError: false };
  if (isUnpaid) return unpaid;
  if (cost !== nothing && !(await hold(work, slot, cost))) return unpaid;
  return askSource(work, { source, index, ahead });
}

/** Beside its own budget a run may have one that is shared: what that refuses is not bought, no more. */
async function hold(work: Work, slot: string, cost: Amounts): Promise<boolean> {
  try {
    await holdShared(work, slot, cost);
    return true;
  } catch (error) {
    if (error instanceof StopRun) return false;
    throw error;
  }
}

interface Noting extends Planned {
  readonly said: Said | null;
  readonly atMs: number;
}

interface Noted {
  readonly event: RunEvent;
  readonly blob: RunBlob;
}

async function toNote(
  { contents, journal }: Work,
  { source, why, said, cost, atMs }: Noting,
): Promise<Noted> {
  if (said === null) throw new Error(`the source ${source.name} was not read`);
  const { content, tokens, cut } = fitSource(source, said);
  const blob = await contents.make(content);
  const wasPaid = cost !== nothing && said !== unpaid;
  const event: RunEvent = {
    v: 1,
    type: "source.read",
    // When it was asked for: what changed since is not in it.
    atMs,
    step: journal.view.step,
    source: source.name,
    digest: blob.id,
    why,
    isError: content.isError,
    tokens,
    cut,
    ...(wasPaid ? { cost } : {}),
  };
  return { event, blob };
}

function toBatches(notes: readonly Noted[]): readonly Staging[] {
  const batches: { events: RunEvent[]; blobs: RunBlob[]; bytes: number }[] = [];
  for (const { event, blob } of notes) {
    const size = blob.bytes.byteLength;
    let last = batches.at(-1);
    if (last === undefined || last.bytes + size > mostBytes) {
      last = { events: [], blobs: [], bytes: 0 };
      batches.push(last);
    }
    last.events.push(event);
    last.blobs.push(blob);
    last.bytes += size;
  }
  return batches.map(({ events, blobs }) => ({ events, blobs }));
}
