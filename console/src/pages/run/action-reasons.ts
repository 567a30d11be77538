import type { Run } from "../../../../src/client/client.ts";
import { parseDuration } from "../../../../src/model/duration.ts";
import { runStates, type RunMove, type RunState } from "../../../../src/model/run-states.ts";
import { isTerminal, listEvents } from "../../../../src/model/state-table.ts";

export type RunAction = "resume" | "pause" | "signal" | "fork" | "compensate" | "cancel";

/** What the table of states has to allow; null: nothing, it is another run that begins. */
const moves = {
  resume: "resumed",
  pause: "paused",
  signal: null,
  fork: null,
  compensate: "resumed",
  cancel: "cancelled",
} as const satisfies Record<RunAction, RunMove | null>;

const ended = "It has ended for good. Fork it to go on from one of its steps.";

/** Null where it may be done now; else why not, for its button to say. */
export function toActionReason(
  action: RunAction,
  { state, steps }: Pick<Run, "state" | "steps">,
): string | null {
  if (action === "fork")
    return steps > 0 ? null : "It has done no step yet that a fork could know.";
  if (isTerminal(runStates, state)) return ended;
  const move = moves[action];
  if (move === null || listEvents<RunState, RunMove>(runStates, state).includes(move)) return null;
  return action === "pause"
    ? `It is ${state}, and rests already.`
    : `It is ${state}: pause it first, or wait until it stops.`;
}

export interface Raise {
  readonly money: string;
  readonly tokens: string;
  readonly calls: string;
  readonly maxSteps: string;
  readonly deadline: string;
}

export const noRaise: Raise = { money: "", tokens: "", calls: "", maxSteps: "", deadline: "" };

export type ReadRaise =
  | { readonly kind: "body"; readonly body: object }
  | { readonly kind: "wrong"; readonly wrong: Readonly<Partial<Record<keyof Raise, string>>> };

/** What `resume` is sent; what stands empty stays as it is. */
export function readRaise(raise: Raise): ReadRaise {
  const wrong: Partial<Record<keyof Raise, string>> = {};
  const count = (name: "tokens" | "calls" | "maxSteps"): number | undefined => {
    const text = raise[name].trim();
    if (text === "") return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
    wrong[name] = "A whole number above 0.";
    return undefined;
  };
  const money = raise.money.trim();
  if (money !== "" && !/^\d+(\.\d{1,6})?$/.test(money)) wrong.money = "Such as 5.00.";
  const deadline = raise.deadline.trim();
  const isMoment = /^\d{4}-\d\d-\d\dT/.test(deadline) && !Number.isNaN(Date.parse(deadline));
  const isTime = isMoment || parseDuration(deadline) !== null;
  if (deadline !== "" && !isTime) wrong.deadline = "Such as 30m, or 2026-11-21T10:00:00Z.";
  const [tokens, calls, maxSteps] = [count("tokens"), count("calls"), count("maxSteps")];
  if (Object.keys(wrong).length > 0) return { kind: "wrong", wrong };
  const caps = {
    ...(money !== "" && { money }),
    ...(tokens !== undefined && { tokens }),
    ...(calls !== undefined && { calls }),
  };
  const body = {
    ...(Object.keys(caps).length > 0 && { caps }),
    ...(maxSteps !== undefined && { maxSteps }),
    ...(deadline !== "" && { deadline }),
  };
  return { kind: "body", body };
}

/** The bound at which it stopped, where raising it lets it go on. */
export function toBound({ state, reason }: Pick<Run, "state" | "reason">): string | null {
  if (state !== "stopped" || reason === null) return null;
  const bounds: Readonly<Record<string, string>> = {
    budget: "a cap of its budget",
    deadline: "its deadline",
    steps: "the most steps that it may make",
  };
  return Object.hasOwn(bounds, reason.code) ? bounds[reason.code]! : null;
}
