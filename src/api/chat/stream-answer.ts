import type { ServerResponse } from "node:http";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ModelEvent } from "../../ports/model-backend.ts";
import type { Completed } from "../../run/completing.ts";
import { openStream, type OutStream } from "../out-stream.ts";
import { createPendingEvents, type PendingEvents } from "./pending-events.ts";
import { createChunks, toEvent, type AnswerHead, type Chunks } from "./to-chunks.ts";
import { toOpenaiError } from "./to-openai-refusal.ts";
import { untilSent } from "./until-sent.ts";

export interface Streaming {
  readonly outgoing: ServerResponse;
  readonly clock: Clock;
  /** Of the client. */
  readonly signal: AbortSignal;
  readonly includesUsage: boolean;
  /** Asked when the answer begins: by then it is known who answers. */
  readonly head: () => AnswerHead;
  /** Whoever is told in the stream learns nothing of it. */
  readonly onBug: (error: unknown) => void;
}

type Ask = (onEvent: (event: ModelEvent) => void) => Promise<Completed>;

/** Until something of the answer has come it may fail with a status of its own; from then on in the stream. */
export async function streamAnswer(streaming: Streaming, ask: Ask): Promise<void> {
  const { outgoing, clock, signal } = streaming;
  const pending = createPendingEvents();
  let begun: Begun | null = null;
  const begin = (): Begun => (begun ??= beginStream(streaming, pending));
  const onEvent = (event: ModelEvent): void => {
    begin();
    // Its connection's end is what cancels the backend's answer.
    if (!pending.add(event)) outgoing.destroy();
  };
  const end = await ask(onEvent).then(
    (completed) => ({ completed }),
    (error: unknown) => ({ error }),
  );
  pending.end();
  if ("error" in end) {
    if (begun === null) throw end.error;
    if (!(end.error instanceof Fault)) streaming.onBug(end.error);
  }
  const { out, chunks, sending } = begin();
  try {
    await sending;
    await out.write("error" in end ? toFailure(end.error) : chunks.end(end.completed));
  } catch (error) {
    // The client was cut, or has gone; that the answer was whole says the record.
    if (!out.signal.aborted && !signal.aborted) throw error;
  } finally {
    out.end();
    await untilSent(outgoing, clock);
  }
}

interface Begun {
  readonly out: OutStream;
  readonly chunks: Chunks;
  readonly sending: Promise<void>;
}

function beginStream(streaming: Streaming, pending: PendingEvents): Begun {
  const { outgoing, clock, signal, includesUsage, head } = streaming;
  const out = openStream(outgoing, { clock, signal });
  const chunks = createChunks(head(), includesUsage);
  const sending = send(out, chunks, pending);
  // Looked at once the answer has ended, which may be long after it failed.
  sending.catch(() => undefined);
  return { out, chunks, sending };
}

async function send(out: OutStream, chunks: Chunks, pending: PendingEvents): Promise<void> {
  await out.write(chunks.begin());
  for (;;) {
    const events = await pending.take(out.signal);
    if (events === null) return;
    const text = events.map((event) => chunks.push(event)).join("");
    if (text !== "") await out.write(text);
  }
}

/** Without `[DONE]`: nobody takes what came for the whole answer. */
function toFailure(error: unknown): string {
  return toEvent({ error: toOpenaiError(error) });
}
