import type { RunId } from "../model/index.ts";
import { toRunLetterBytes, type RunLetter } from "../model/run-letter.ts";
import type { LetterToRun } from "../ports/run-rows.ts";
import { isOpenEffect, listEffects } from "./effects.ts";
import { isSameCall, type Child } from "./view.ts";
import type { Work } from "./worker.ts";

/** A run that is cancelled has no use for its sub-agents. */
export function toCancelOrders(
  work: Work,
  by: string,
  others: readonly RunId[],
): readonly LetterToRun[] {
  const order = { v: 1, kind: "cancel", by } as const;
  const known = toOrders(work, ({ state }) => state !== "ended", order);
  const { tenant } = work;
  const payload = toRunLetterBytes(order);
  return [...known, ...others.map((run) => ({ run, tenant, payload }))];
}

/**
 * Those that were stopped go on with it, and those that ended in part where the parent did, too; what
 * was raised is the whole tree's. One that has ended for good hears nothing.
 */
export function toResumeOrders(
  work: Work,
  { by, deadlineMs }: Extract<RunLetter, { kind: "resume" }>,
): readonly LetterToRun[] {
  const { view } = work.journal;
  const order = {
    ...({
      v: 1,
      kind: "resume",
      by,
    } as const),
    caps: null,
    maxSteps: null,
    deadlineMs: deadlineMs ?? view.deadlineMs,
  } as const;
  const effects = listEffects(view);
  const isOpen = (child: Child): boolean =>
    view.output !== null &&
    effects.some((call) => isSameCall(call, child) && isOpenEffect(effects, call));
  return [
    ...toOrders(work, ({ state }) => state === "stopped", { ...order, when: "stopped" }),
    ...toOrders(work, isOpen, { ...order, when: "partial" }),
  ];
}

function toOrders(
  { journal, tenant }: Work,
  isMeant: (child: Child) => boolean,
  order: RunLetter,
): readonly LetterToRun[] {
  return Object.entries(journal.view.children)
    .filter(([, child]) => isMeant(child))
    .map(([run]) => ({ run: run as RunId, tenant, payload: toRunLetterBytes(order) }));
}

/** What a run's parent hears of it. */
export function toParent({ journal, tenant, run }: Work, word: ParentWord): readonly LetterToRun[] {
  const { parent } = journal.view.created;
  if (parent === null) return [];
  return [{ run: parent.run, tenant, payload: toRunLetterBytes({ v: 1, run, ...word }) }];
}

type ParentWord =
  | Omit<Extract<RunLetter, { kind: "child_ended" }>, "v" | "run">
  | Omit<Extract<RunLetter, { kind: "child_stopped" }>, "v" | "run">;
