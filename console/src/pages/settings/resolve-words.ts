import type { Calls } from "../../../../src/client/client.ts";
import { callStates } from "../../../../src/model/call-states.ts";
import { listEvents } from "../../../../src/model/state-table.ts";

export type DoubtfulCall = Calls["calls"][number];

export const findings = [
  {
    outcome: "done",
    title: "It was done",
    means: "The server shows the effect. The call's key stays taken: it is not made again.",
    move: "found_done",
  },
  {
    outcome: "not_done",
    title: "It was not done",
    means: "The server shows nothing of it. Its key is free: the same call may be made anew.",
    move: "found_undone",
  },
  {
    outcome: "retry",
    title: "Let it be made again",
    means:
      "Nobody can tell, and the tool takes a key under which it acts once: sending it again is safe. For other tools it could be done twice.",
    move: "found_undone",
  },
] as const;
export type Finding = (typeof findings)[number];

/** Why nothing can be said of how a call ended; null: it can. */
export function findResolveReason(call: DoubtfulCall, nowMs: number): string | null {
  // A call whose time is over is as good as doubted: nobody answers for it any more.
  const isOver = call.state === "open" && Date.parse(call.notAfter) <= nowMs;
  const moves: readonly string[] = listEvents(callStates, isOver ? "unknown" : call.state);
  if (findings.some(({ move }) => moves.includes(move))) return null;
  return "It is still under way: an answer may come until its time is over.";
}
