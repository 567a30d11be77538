import type { RunGist } from "../ports/run-rows.ts";
import type { RunView } from "./view.ts";

/** Codes are short; one that is not is cut, since a list shows no more of it anyway. */
const longestWhy = 128;

/** What a list of runs says of one, beside its state. */
export function toGist(view: RunView): RunGist {
  const { micros, tokens } = view.budget.spent;
  return { steps: view.step, why: toWhy(view), micros, tokens };
}

export function isSameGist(one: RunGist, other: RunGist): boolean {
  return (
    one.steps === other.steps &&
    one.why === other.why &&
    one.micros === other.micros &&
    one.tokens === other.tokens
  );
}

function toWhy({ state, waits, reason }: RunView): string | null {
  if (state === "waiting") return waits?.for ?? null;
  const isStill = state === "stopped" || state === "parked" || state === "failed";
  if (!isStill || reason === null) return null;
  return reason.code.slice(0, longestWhy).replaceAll("\0", "").toWellFormed() || null;
}
