import { nothing } from "../model/budget.ts";
import type { RunEvent } from "../model/run-event.ts";
import { fromRunLetterBytes, type RunLetter } from "../model/run-letter.ts";
import { runStates, type RunMove } from "../model/run-states.ts";
import { listEvents } from "../model/state-table.ts";
import type { Runs, StoredLetter } from "../ports/run-rows.ts";
import { asSaid, type Result } from "./content-kinds.ts";
import { toChildEnded, toChildStopped } from "./settle-children.ts";
import { planCompensations } from "./compensate.ts";
import type { Noting } from "./journal.ts";
import { toCancelOrders, toResumeOrders } from "./tell-children.ts";
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
      await work.journal.note(await toNoting(work, letter));
      if (work.journal.isEnded) return;
    }
    if (letters.length < pageSize) return;
  }
}

/** Whether somebody wants the run to end, before its turn is over. */
export async function isCancelAsked(
  runs: Pick<Runs, "letters">,
  { run, journal }: Pick<Work, "run" | "journal">,
): Promise<boolean> {
  const after = journal.view.inbox;
  const letters = await runs.letters(run, { after, limit: pageSize });
  return letters.some(({ payload }) => fromRunLetterBytes(payload).kind === "cancel");
}

type Base = Pick<RunEvent, "v" | "atMs">;

async function toNoting(work: Work, { seq, payload }: StoredLetter): Promise<Noting> {
  const letter = fromRunLetterBytes(payload);
  const base: Base = { v: 1, atMs: work.options.clock.nowMs() };
  const dropped = (reason: string): Noting => ({
    events: [{ ...base, type: "letter.dropped", inbox: seq, reason }],
  });
  const taken = await take(work, letter, { base, inbox: seq });
  return taken ?? dropped(letter.kind);
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
      const events = [{ ...base, type: "run.cancelled", by: letter.by, inbox } as const];
      return { events, unit: { letters: toCancelOrders(work, letter.by) }, wakeAtMs: null };
    }
    case "pause":
      if (!may(view, "paused")) return null;
      return { events: [{ ...base, type: "run.paused", by: letter.by, inbox }], wakeAtMs: null };
    case "resume":
      return resume(work, letter, taking);
    case "compensate":
      return compensate(work, letter, taking);
  }
}

function may({ state }: RunView, move: RunMove): boolean {
  return listEvents(runStates, state).includes(move);
}

async function resume(
  work: Work,
  letter: Extract<RunLetter, { kind: "resume" }>,
  { base, inbox }: Taking,
): Promise<Noting | null> {
  const { view } = work.journal;
  if (!may(view, "resumed")) return null;
  const { by, caps, maxSteps, deadlineMs } = letter;
  const { root } = view.created;
  // The caps of a tree are its root's: what a sub-agent is told beside that is its own.
  if (caps !== null && root === work.run) await work.options.store.runBudgets.raise(root, caps);
  const event = { ...base, type: "run.resumed", by, caps, maxSteps, deadlineMs, inbox } as const;
  return { events: [event], unit: { letters: toResumeOrders(work, letter) } };
}

async function compensate(
  work: Work,
  { by }: Extract<RunLetter, { kind: "compensate" }>,
  { base, inbox }: Taking,
): Promise<Noting | null> {
  const { view } = work.journal;
  if (!may(view, "resumed") || view.turn?.compensates !== null) return null;
  const { calls, response } = await planCompensations(work);
  const resumed = { ...base, type: "run.resumed", by, inbox } as const;
  return {
    events: [
      { ...resumed, caps: null, maxSteps: null, deadlineMs: null },
      {
        ...base,
        type: "compensation.planned",
        step: view.step,
        by,
        response: response.id,
        calls,
      },
    ],
    blobs: [response],
  };
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
    ...{ ...base, type: "call.ended", step, ordinal, entry: null },
    ...{ outcome: "answered", result: result.id, cost: nothing },
  };
  return { events: [received, ended], blobs: [result] };
}
