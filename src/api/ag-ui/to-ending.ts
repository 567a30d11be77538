import { toPlainInert } from "../../lib/inert-text.ts";
import type { RunReport } from "../../ports/run-desk.ts";
import type { AgUiEvent } from "./ag-ui-event.ts";

/** Of the request, and no name of ours. */
export interface Ids {
  readonly threadId: string;
  readonly runId: string;
}

/** How a run that stands still is told to a client of AG-UI; null where it goes on, or somebody is asked. */
export function toEnding({ threadId, runId }: Ids, report: RunReport): AgUiEvent | null {
  const { run, state, output, reason } = report;
  const metadata = { countersign: { run, state } };
  const finished = { type: "RUN_FINISHED", threadId, runId, metadata } as const;
  switch (state) {
    case "completed":
      return { ...finished, result: { output }, outcome: { type: "success" } };
    case "cancelled":
      return { ...finished, outcome: { type: "cancelled" } };
    case "failed":
    case "stopped":
    case "parked":
    case "partial":
    case "paused": {
      const why = reason === null ? "" : ` ${reason.code}: ${toPlainInert(reason.detail)}`;
      return {
        type: "RUN_ERROR",
        code: `run_${state}`,
        message: `${words[state]}${why}`,
        metadata,
      };
    }
    default:
      return null;
  }
}

/** A sub-agent that rests or is parked holds up the run that asked for it. */
export function toStuck({ run, state }: RunReport): AgUiEvent {
  return {
    type: "RUN_ERROR",
    code: "run_waiting",
    message: "The run waits for a sub-agent that stands still. It can be resumed.",
    metadata: { countersign: { run, state } },
  };
}

const words = {
  failed: "The run failed.",
  stopped: "The run was stopped, and can be resumed.",
  parked: "The run is parked.",
  partial: "Some of what the run does is done, and some is not.",
  paused: "Somebody paused the run. It can be resumed.",
};
