import { nothing } from "../model/budget.ts";
import { Fault } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import { fromRunLetterBytes, type RunLetter } from "../model/run-letter.ts";
import { runStates, type RunMove } from "../model/run-states.ts";
import { listEvents } from "../model/state-table.ts";
import type { Runs, StoredLetter } from "../ports/run-rows.ts";
import { asSaid, type Result } from "./content-kinds.ts";
import { toChildEnded, toChildStopped } from "./settle-children.ts";
import { isOrphan, toCancelled } from "./cancel.ts";
import { dropUnfinished, planCompensations } from "./compensate.ts";
import { toDetail } from "./detail.ts";
import { fold } from "./fold.ts";
import type { Noting } from "./journal.ts";
import { toResumeOrders } from "./tell-children.ts";
import { listUnfinished, type RunView } from "./view.ts";
import type { Work } from "./worker.ts";

const pageSize = 100;

/** Folds in what others told the run, one letter after the other. */
export async function takeLetters(work: Work): Promise<void> {
  const { runs } = work.options.store;
  for (;;) {
    const { inbox } = work.journal.view;
    const letters = await runs.letters(work.run, { after: inbox, limit: pageSize });
    for (const letter of letters) {
      const noting = await toNoting(work, letter);
      if (isHeardOnly(noting)) await work.journal.stage(noting);
      else await work.journal.note(noting);
      if (work.journal.isEnded) return;
    }
    if (letters.length < pageSize) return;
  }
}

/** Whether there are letters, and whether one wants the run to end before its turn is over. */
export async function hearNews(
  runs: Pick<Runs, "letters">,
  { run, journal }: Pick<Work, "run" | "journal">,
): Promise<{ readonly isThere: boolean; readonly isCancel: boolean }> {
  const after = journal.view.inbox;
  const letters = await runs.letters(run, { after, limit: pageSize });
  const isCancel = letters.some(({ payload }) => fromRunLetterBytes(payload).kind === "cancel");
  return { isThere: letters.length > 0, isCancel };
}

const heard: ReadonlySet<RunEvent["type"]> = new Set([
  "signal.received",
  "approval.decided",
  "call.ended",
  "letter.dropped",
]);

/** Until it is noted the letter lies in the inbox: whoever comes next hears the same. */
function isHeardOnly({ events, unit, wakeAtMs }: Noting): boolean {
  return (
    unit === undefined && wakeAtMs === undefined && events.every(({ type }) => heard.has(type))
  );
}

type Base = Pick<RunEvent, "v" | "atMs">;

async function toNoting(work: Work, { seq, payload }: StoredLetter): Promise<Noting> {
  const letter = fromRunLetterBytes(payload);
  const base: Base = { v: 1, atMs: work.options.clock.nowMs() };
  const dropped = (reason: string): Noting => ({
    events: [{ ...base, type: "letter.dropped", inbox: seq, reason }],
  });
  try {
    const taken = await take(work, letter, { base, inbox: seq });
    return taken ?? dropped(letter.kind);
  } catch (error) {
    if (error instanceof Fault) throw error;
    // A bug of ours must not lie in the inbox for ever: no other letter would be taken.
    work.options.telemetry.log("error", "a letter to a run was dropped", { fault: error });
    return dropped(`${letter.kind}: failed`);
  }
}

interface Taking {
  readonly base: Base;
  readonly inbox: number;
}

/** Null: it means nothing here, now. */
async function take(work: Work, letter: RunLetter, taking: Taking): Promise<Noting | null> {
  const { base, inbox } = taking;
  const { view } = work.journal;
  switch (letter.kind) {
    case "approval_decided": {
      const { approval, outcome } = letter;
      const isWaited = listUnfinished(view).some(
        ({ state }) => state.kind === "deferred" && state.approval === approval,
      );
      if (!isWaited) return null;
      return { events: [{ ...base, type: "approval.decided", approval, outcome, inbox }] };
    }
    case "child_ended":
      return toChildEnded(work, letter, inbox);
    case "child_stopped":
      return toChildStopped(work, letter, inbox);
    case "signal":
      return takeSignal(work, letter, taking);
    case "cancel": {
      if (!may(view, "cancelled")) return null;
      const { by } = letter;
      return toCancelled(work, { by, inbox, detail: toDetail(`It was cancelled by ${by}.`) });
    }
    case "pause":
      if (!may(view, "paused")) return null;
      return { events: [{ ...base, type: "run.paused", by: letter.by, inbox }], wakeAtMs: null };
    case "resume":
    case "compensate":
      if (view.state === "partial" && (await isOrphan(work))) return null;
      return letter.kind === "resume"
        ? resume(work, letter, taking)
        : compensate(work, letter, taking);
  }
}

function may({ state }: RunView, move: RunMove): boolean {
  return listEvents(runStates, state).includes(move);
}

/** The caps of a tree are its root's, and are raised for all with its next step. */
function resume(
  work: Work,
  letter: Extract<RunLetter, { kind: "resume" }>,
  { base, inbox }: Taking,
): Noting | null {
  const { view } = work.journal;
  const { by, caps, maxSteps, deadlineMs, when } = letter;
  if (!may(view, "resumed") || (when !== null && when !== view.state)) return null;
  const event = { ...base, type: "run.resumed", by, caps, maxSteps, deadlineMs, inbox } as const;
  return { events: [event], unit: { letters: toResumeOrders(work, letter) } };
}

async function compensate(
  work: Work,
  { by }: Extract<RunLetter, { kind: "compensate" }>,
  { base, inbox }: Taking,
): Promise<Noting | null> {
  const { view } = work.journal;
  const isUnderWay = view.turn !== null && view.turn.compensates !== null;
  if (!may(view, "resumed") || isUnderWay) return null;
  const deadlineMs = toLaterDeadline(view, base.atMs);
  const resumed: RunEvent = {
    ...base,
    type: "run.resumed",
    by,
    inbox,
    caps: null,
    maxSteps: null,
    deadlineMs,
  };
  const dropped = await dropUnfinished(work, fold(view, resumed), by);
  const { calls, response } = await planCompensations(work);
  const { step } = view;
  const planned: RunEvent = {
    ...base,
    type: "compensation.planned",
    step,
    by,
    calls,
    response: response.id,
  };
  return {
    events: [resumed, ...dropped.events, planned],
    blobs: [...dropped.blobs, response],
    unit: { letters: dropped.letters },
  };
}

/** What is taken back after the deadline has some time of its own. */
const takeBackMs = 600_000;

function toLaterDeadline({ deadlineMs }: RunView, nowMs: number): number | null {
  return deadlineMs === null || deadlineMs > nowMs ? null : nowMs + takeBackMs;
}

async function takeSignal(
  work: Work,
  { name, payload }: Extract<RunLetter, { kind: "signal" }>,
  { base, inbox }: Taking,
): Promise<Noting> {
  const { view } = work.journal;
  const waiting = listUnfinished(view).find(
    ({ state }) =>
      state.kind === "deferred" &&
      state.for === "signal" &&
      (state.name === null || state.name === name),
  );
  const received = { ...base, type: "signal.received", name, payload, inbox } as const;
  if (waiting === undefined) return { events: [received] };
  const [content] = await work.contents.read([payload]);
  const { text } = asSaid(content!);
  const said: Result = { text: `Signal ${name}: ${text}`, isError: false, raw: null };
  const result = await work.contents.make(said);
  const { step, ordinal } = waiting;
  const ended: RunEvent = {
    ...base,
    type: "call.ended",
    step,
    ordinal,
    entry: null,
    outcome: "answered",
    result: result.id,
    cost: nothing,
  };
  return { events: [received, ended], blobs: [result] };
}
