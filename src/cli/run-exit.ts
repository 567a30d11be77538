import type { Run } from "../client/client.ts";
import { exitCodes } from "./exit-codes.ts";

/** What a script learns of a run that it has followed. */
export function toRunExit({ state, reason }: Pick<Run, "state" | "reason">, isAsked: boolean) {
  switch (state) {
    case "completed":
      return exitCodes.ok;
    case "queued":
    case "running":
    case "waiting":
      return isAsked ? exitCodes.waiting : exitCodes.ok;
    case "paused":
      return exitCodes.waiting;
    case "stopped":
      return toStopExit(reason?.code);
    case "partial":
    case "parked":
    case "failed":
    case "cancelled":
      return exitCodes.failed;
  }
}

function toStopExit(reason: string | undefined): number {
  if (reason === "budget") return exitCodes.budget;
  if (reason === "deadline") return exitCodes.deadline;
  return reason === "frozen" ? exitCodes.denied : exitCodes.failed;
}
