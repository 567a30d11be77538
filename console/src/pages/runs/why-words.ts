import type { RunRow } from "./merge-runs.ts";

const waits: Readonly<Record<string, string>> = {
  approval: "for a person's approval",
  timer: "for its time",
  signal: "for a signal",
  run: "for a sub-agent",
  credential: "for a credential",
};
const stops: Readonly<Record<string, string>> = {
  budget: "its budget is used up",
  deadline: "its deadline has passed",
  steps: "it has taken all of its steps",
  frozen: "something that it needs is frozen",
  loop: "it asked for the same again and again",
  parked: "by a bug of Countersign",
};

/** Why a run does not go on, in a few words; a code that is not known is shown as it is. */
export function toWhy({ state, why }: Pick<RunRow, "state" | "why">): string | null {
  if (why === null) return null;
  const words = state === "waiting" ? waits : stops;
  return Object.hasOwn(words, why) ? words[why]! : why;
}
