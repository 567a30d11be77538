import type { RunId } from "../model/index.ts";
import { toRunLetterBytes, type RunLetter } from "../model/run-letter.ts";
import type { LetterToRun } from "../ports/run-rows.ts";
import type { Child } from "./view.ts";
import type { Work } from "./worker.ts";

/** A run that is cancelled has no use for its sub-agents. */
export function toCancelOrders(work: Work, by: string): readonly LetterToRun[] {
  return toOrders(work, ({ state }) => state !== "ended", { v: 1, kind: "cancel", by });
}

/** Those that were stopped go on with it; what was raised is the whole tree's. */
export function toResumeOrders(
  work: Work,
  { by }: Extract<RunLetter, { kind: "resume" }>,
): readonly LetterToRun[] {
  const caps = null;
  const order = { v: 1, kind: "resume", by, caps, maxSteps: null, deadlineMs: null } as const;
  return toOrders(work, ({ state }) => state === "stopped", order);
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
