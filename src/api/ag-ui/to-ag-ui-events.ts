import type { Json } from "../../lib/strict-json.ts";
import type { Digest, RunId } from "../../model/index.ts";
import type { PlannedCall, RunEvent } from "../../model/run-event.ts";
import type { NumberedEvent } from "../../ports/run-desk.ts";
import { asAnswered, asResult } from "../../run/content-kinds.ts";
import type { AgUiEvent } from "./ag-ui-event.ts";

interface Place {
  readonly step: number;
  readonly ordinal: number;
}

/** A thread has several runs, so a step and a place in it would name two calls. */
export function toToolCallId(run: RunId, { step, ordinal }: Place): string {
  return `call_${run}_${step}_${ordinal}`;
}

/** The text of an event that is shown; null: none is. */
export function shownTextOf(event: RunEvent): Digest | null {
  switch (event.type) {
    case "model.responded":
    case "compensation.planned":
      return event.response;
    case "call.ended":
    case "child.ended":
      return event.result;
    default:
      return null;
  }
}

/**
 * What a client of AG-UI is shown of one event of a run's log. The same event gives the same ids each time.
 * A model's answer is one event of the log, so its text comes in one piece.
 */
export function toAgUiEvents(
  run: RunId,
  numbered: NumberedEvent,
  /** The text that the event names, as the desk gives it; null: it names none, or it is gone. */
  contents: string | null,
): readonly AgUiEvent[] {
  const { seq, event } = numbered;
  const timestamp = event.atMs;
  const value = contents === null ? null : (JSON.parse(contents) as Json);
  switch (event.type) {
    case "model.responded":
    case "compensation.planned": {
      const answered = value === null ? null : asAnswered(value);
      const message = { messageId: `${run}_${event.step}`, timestamp };
      return [
        ...toText(message, answered?.text ?? gone),
        ...event.calls.flatMap((call, ordinal) =>
          toCall(
            { ...message, toolCallId: toToolCallId(run, { step: event.step, ordinal }) },
            call,
            answered?.calls[ordinal]?.args ?? "",
          ),
        ),
      ];
    }
    case "child.started":
      return [{ type: "STEP_STARTED", stepName: toStepName(run, event), timestamp }];
    case "call.ended":
    case "child.ended": {
      const toolCallId = toToolCallId(run, event);
      const content = value === null ? gone : asResult(value).text;
      // What is made again after a stop ends twice: each end is a message of its own.
      const messageId = `result_${run}_${seq}`;
      const result = { type: "TOOL_CALL_RESULT", messageId, toolCallId, content } as const;
      const ended: AgUiEvent = { ...result, role: "tool", timestamp };
      if (event.type === "call.ended") return [ended];
      return [{ type: "STEP_FINISHED", stepName: toStepName(run, event), timestamp }, ended];
    }
    default:
      return [];
  }
}

/** Erased, or removed with what it belonged to. */
const gone = "(This text is gone.)";

/** A sub-agent's, by the call that asked for it. */
function toStepName(run: RunId, place: Place): string {
  return `sub-agent of ${toToolCallId(run, place)}`;
}

interface Message {
  readonly messageId: string;
  readonly timestamp: number;
}

function toText(message: Message, text: string): readonly AgUiEvent[] {
  if (text === "") return [];
  return [
    { type: "TEXT_MESSAGE_START", ...message, role: "assistant" },
    { type: "TEXT_MESSAGE_CONTENT", ...message, delta: text },
    { type: "TEXT_MESSAGE_END", ...message },
  ];
}

function toCall(
  { messageId, toolCallId, timestamp }: Message & { readonly toolCallId: string },
  { tool }: PlannedCall,
  args: string,
): readonly AgUiEvent[] {
  const call = { toolCallId, timestamp };
  return [
    { type: "TOOL_CALL_START", ...call, toolCallName: tool, parentMessageId: messageId },
    ...(args === "" ? [] : [{ type: "TOOL_CALL_ARGS", ...call, delta: args } as const]),
    { type: "TOOL_CALL_END", ...call },
  ];
}
