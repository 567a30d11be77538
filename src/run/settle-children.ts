import type { RunId } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import { fromRunLetterBytes, type RunLetter } from "../model/run-letter.ts";
import { asSaid, type Result } from "./content-kinds.ts";
import type { Noting } from "./journal.ts";
import { loadView } from "./load-view.ts";
import type { RunState } from "../model/run-states.ts";
import type { RunView } from "./view.ts";
import type { Work } from "./worker.ts";

type Ended = Omit<Extract<RunLetter, { kind: "child_ended" }>, "v" | "kind">;

/** Null: it is no child of this run, or is known to have ended. */
export async function toChildEnded(
  work: Work,
  { run, outcome, output, detail }: Ended,
  inbox: number | null,
): Promise<Noting | null> {
  const child = work.journal.view.children[run];
  if (child === undefined || child.state === "ended") return null;
  const [said] = output === null ? [] : await work.contentsOf(run).read([output]);
  const text =
    said === undefined ? `The agent's run ended as ${outcome}: ${detail}` : asSaid(said).text;
  const isError = outcome !== "completed";
  const result = await work.contents.make({ text, isError, raw: null } satisfies Result);
  const { step, ordinal } = child;
  const event: RunEvent = {
    v: 1,
    type: "child.ended",
    atMs: work.options.clock.nowMs(),
    step,
    ordinal,
    run,
    outcome,
    result: result.id,
    inbox,
  };
  return { events: [event], blobs: [result] };
}

export function toChildStopped(
  { journal, options }: Work,
  { run, reason }: { readonly run: RunId; readonly reason: string },
  inbox: number | null,
): Noting | null {
  if (journal.view.children[run]?.state !== "running") return null;
  const atMs = options.clock.nowMs();
  return { events: [{ v: 1, type: "child.stopped", atMs, run, reason, inbox }] };
}

/**
 * A sub-agent may end before it is known to have begun, and its letter then means nothing. So it is
 * looked at before it is waited for. True: there was something to note.
 */
export async function settleChildren(work: Work): Promise<boolean> {
  const running = Object.entries(work.journal.view.children)
    .filter(([, { state }]) => state === "running")
    .map(([run]) => run as RunId);
  if (running.length === 0) return false;
  const resting = await listResting(work);
  let isNew = false;
  for (const run of running) {
    if (resting.get(run) === false) continue;
    const noting = await look(work, run);
    if (noting === null) continue;
    await work.journal.note(noting);
    isNew = true;
  }
  return isNew;
}

/** More sub-agents than one answer of a model can ask for; of others nothing is known here. */
const maxChildren = 100;
const going: ReadonlySet<RunState> = new Set(["queued", "running", "waiting", "paused", "parked"]);

/** Whether there is anything to read of it. One row each: a log is read only where it says something new. */
async function listResting({ options, tenant, run }: Work): Promise<ReadonlyMap<RunId, boolean>> {
  const rows = await options.store.runs.list(tenant, { parent: run, limit: maxChildren });
  return new Map(rows.map((row) => [row.run, !going.has(row.state)]));
}

async function look(work: Work, run: RunId): Promise<Noting | null> {
  const { runs } = work.options.store;
  const head = await runs.get(run);
  const loaded = head === null ? null : await loadView(runs, run, head.head);
  if (loaded === null) throw new Error(`run ${run} is gone`);
  const { view } = loaded;
  if (view.state === "stopped") {
    // What it was told, but has not read, may make it go on: then it says itself how that ends.
    if (await isToldToMove(work, run, view.inbox)) return null;
    return toChildStopped(work, { run, reason: view.reason?.code ?? "stopped" }, null);
  }
  const outcome = toOutcome(view);
  if (outcome === null) return null;
  if (outcome === "partial" && (await isToldToMove(work, run, view.inbox))) return null;
  const detail = view.reason?.detail ?? outcome;
  return toChildEnded(work, { run, outcome, output: view.output, detail }, null);
}

const moving: ReadonlySet<RunLetter["kind"]> = new Set(["resume", "cancel", "compensate"]);
const pageSize = 100;

async function isToldToMove({ options }: Work, run: RunId, after: number): Promise<boolean> {
  const letters = await options.store.runs.letters(run, { after, limit: pageSize });
  return letters.some(({ payload }) => moving.has(fromRunLetterBytes(payload).kind));
}

function toOutcome({ state }: RunView): Ended["outcome"] | null {
  return state === "completed" || state === "partial" || state === "failed" || state === "cancelled"
    ? state
    : null;
}
