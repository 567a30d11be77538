import type { RunBlob } from "../ports/run-rows.ts";
import { maxCallsPerTurn, type RunEvent } from "../model/run-event.ts";
import { asAnswered, type Said } from "./content-kinds.ts";
import { isDone, isOpenEffect, isUnknown, listEffects } from "./effects.ts";
import { toCancelled } from "./cancel.ts";
import { toDetail } from "./detail.ts";
import { releaseShared } from "./hold.ts";
import { measureQuality } from "./measure-quality.ts";
import { toParent } from "./tell-children.ts";
import type { CallView, RunView, Turn } from "./view.ts";
import type { Work } from "./worker.ts";

/** The model has nothing more to ask for, or what was done is taken back: how the run ends. */
export async function finish(work: Work): Promise<void> {
  const { journal, options, contents } = work;
  const { view } = journal;
  const turn = view.turn!;
  const base = { v: 1, atMs: options.clock.nowMs() } as const;
  if (turn.stop !== null && turn.stop !== "ended" && turn.stop !== "tool_calls") {
    const code = `model_${turn.stop}`;
    return fail(work, code, stopWords[turn.stop]);
  }
  const parts = toParts(view);
  const isPartial = parts.unknown.length > 0 || (parts.open.length > 0 && parts.done.length > 0);
  if (turn.compensates !== null && parts.unknown.length === 0 && isTakenBack(work, turn)) {
    const detail = "What it had done was taken back.";
    return journal.note(await toCancelled(work, { by: turn.compensates, inbox: null, detail }));
  }
  const [answered] = await contents.read([turn.response]);
  const { text } = asAnswered(answered!);
  const output: RunBlob = await contents.make({ name: null, text } satisfies Said);
  const event: RunEvent =
    isPartial || turn.compensates !== null
      ? { ...base, type: "run.partly_completed", output: output.id, ...parts }
      : { ...base, type: "run.completed", output: output.id };
  const outcome = event.type === "run.completed" ? "completed" : "partial";
  const word = { kind: "child_ended", outcome, output: output.id, detail: outcome } as const;
  const unit = { letters: toParent(work, word) };
  const measured = await measureQuality(work);
  await releaseShared(work);
  await journal.note({ events: [...measured, event], blobs: [output], unit, wakeAtMs: null });
}

/** All that was done, by calls that all were carried out: else it is not as if nothing had been. */
function isTakenBack({ journal, built }: Work, turn: Turn): boolean {
  const { compensations } = built.bundle;
  const done = journal.view.effects.filter(isDone);
  return (
    turn.calls.every(isDone) &&
    done.length <= maxCallsPerTurn &&
    done.every(({ tool }) => Object.hasOwn(compensations, tool))
  );
}

const stopWords = {
  length: "The model's answer was cut at its longest: raise maxTokens.",
  refused: "The model refused to answer.",
  other: "The model ended for a reason that is not known.",
};

export async function fail(work: Work, code: string, detail: string): Promise<void> {
  const { journal, options } = work;
  const said = toDetail(detail);
  const atMs = options.clock.nowMs();
  const event: RunEvent = { v: 1, type: "run.failed", atMs, code, detail: said };
  const word = {
    kind: "child_ended",
    outcome: "failed",
    output: null,
    detail: said,
  } as const;
  const measured = await measureQuality(work);
  const unit = { letters: toParent(work, word) };
  await releaseShared(work);
  await journal.note({ events: [...measured, event], unit, wakeAtMs: null });
}

/** As many of each as one event lists. */
const maxListed = 1_000;

export function toParts(view: RunView) {
  const effects = listEffects(view);
  const list = (is: (call: CallView) => boolean) =>
    effects.filter(is).slice(0, maxListed).map(toPlace);
  return {
    done: list(isDone),
    open: list((call) => isOpenEffect(effects, call)),
    unknown: list(isUnknown),
  };
}

function toPlace({ step, ordinal }: CallView) {
  return { step, ordinal };
}
