import type { AgUiEvent } from "./ag-ui-event.ts";

/** What a client has already, by the ids that it was given: whole, or it is not among these. */
export interface Known {
  readonly texts: ReadonlySet<string>;
  readonly calls: ReadonlySet<string>;
  readonly results: ReadonlySet<string>;
}

export interface Stretch {
  /** The event, if its client lacks it. */
  keep(event: AgUiEvent): readonly AgUiEvent[];
  /** What has to be closed before the stretch may end. */
  close(atMs: number): readonly AgUiEvent[];
}

/**
 * What one request shows of a run. A client adds what comes to what it has, so a text that it has and is
 * sent again would stand there twice.
 */
export function createStretch(known: Known): Stretch {
  const open = new Set<string>();
  return {
    keep(event) {
      if (isKnown(known, event)) return [];
      if (event.type === "STEP_STARTED") {
        if (open.has(event.stepName)) return [];
        open.add(event.stepName);
      }
      // A sub-agent may have ended before it was known to have begun.
      if (event.type === "STEP_FINISHED" && !open.delete(event.stepName)) return [];
      return [event];
    },
    close(timestamp) {
      const steps = [...open];
      open.clear();
      return steps.map((stepName) => ({ type: "STEP_FINISHED", stepName, timestamp }));
    },
  };
}

function isKnown({ texts, calls, results }: Known, event: AgUiEvent): boolean {
  switch (event.type) {
    case "TEXT_MESSAGE_START":
    case "TEXT_MESSAGE_CONTENT":
    case "TEXT_MESSAGE_END":
      return texts.has(event.messageId);
    case "TOOL_CALL_START":
    case "TOOL_CALL_ARGS":
    case "TOOL_CALL_END":
      return calls.has(event.toolCallId);
    case "TOOL_CALL_RESULT":
      return results.has(event.messageId);
    default:
      return false;
  }
}
