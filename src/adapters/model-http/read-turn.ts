import { readEvents } from "../../mcp/read-events.ts";
import { Fault } from "../../model/index.ts";
import { unknownUsage, type ModelUsage } from "../../model/model-usage.ts";
import type { OriginAnswer } from "../../ports/dialer.ts";
import type { ModelEvent, ModelStop } from "../../ports/model-backend.ts";
import type { ModelFormat } from "../../ports/model-format.ts";
import { createCallCollector } from "./collect-calls.ts";
import { toFailed, type Backend } from "./to-model-fault.ts";

/** Answers are some 10 KiB; what is larger than these is not one. */
export interface TurnBounds {
  readonly eventBytes: number;
  readonly answerBytes: number;
  readonly calls: number;
}

export interface TurnReading {
  readonly format: ModelFormat;
  readonly backend: Backend;
  readonly bounds: TurnBounds;
  readonly onProgress: (isToken: boolean) => void;
  readonly onEvent: (event: ModelEvent) => void;
}

/** Reads an answer to its end. One that ends without saying how is not whole. */
export async function readTurn(answer: OriginAnswer, reading: TurnReading): Promise<void> {
  const { format, backend, bounds, onEvent, onProgress } = reading;
  const reader = format.createReader();
  const calls = createCallCollector({ calls: bounds.calls, args: bounds.eventBytes }, onEvent);
  let usage: ModelUsage = unknownUsage;
  let stop: ModelStop | null = null;
  for await (const event of readEvents(countBytes(answer, bounds), bounds.eventBytes)) {
    for (const part of reader.read(event)) {
      onProgress(part.kind === "text" || part.kind === "call");
      switch (part.kind) {
        case "progress":
          break;
        case "text":
          onEvent(part);
          break;
        case "call":
          calls.add(part);
          break;
        case "usage":
          ({ usage } = part);
          break;
        case "stop":
          ({ stop } = part);
          break;
        case "failed":
          throw toFailed(part, backend);
      }
    }
  }
  if (stop === null) {
    throw new Fault("upstream_lost", `The answer of ${backend.host} ended before it was whole.`);
  }
  calls.finish();
  onEvent({ kind: "usage", usage });
  onEvent({ kind: "finished", stop });
}

async function* countBytes(
  answer: OriginAnswer,
  { answerBytes }: TurnBounds,
): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of answer.chunks()) {
    bytes += chunk.length;
    if (bytes > answerBytes) {
      throw new Fault("upstream_garbled", `The answer is larger than ${answerBytes} bytes.`);
    }
    yield chunk;
  }
}
