import type { ModelEvent } from "../../ports/model-backend.ts";

/** What a model has said and its client has not taken yet, in order. */
export interface PendingEvents {
  /** False: the client is so far behind that it is not waited for any more. */
  add(event: ModelEvent): boolean;
  /** All there is, once there is something; null once it was ended and all was taken. */
  take(signal: AbortSignal): Promise<readonly ModelEvent[] | null>;
  end(): void;
}

/** Characters of an answer: some hundred pages, and far more than sockets hold. */
const maxBehind = 1_048_576;

export function createPendingEvents(): PendingEvents {
  let events: ModelEvent[] = [];
  let behind = 0;
  let isEnded = false;
  let wake: () => void = () => undefined;
  return {
    add(event) {
      const last = events.at(-1);
      // A client that is slow gets fewer and larger pieces.
      if (event.kind === "text" && last?.kind === "text")
        events[events.length - 1] = { kind: "text", text: last.text + event.text };
      else events.push(event);
      behind += sizeOf(event);
      wake();
      return behind <= maxBehind;
    },
    async take(signal) {
      while (events.length === 0 && !isEnded) {
        signal.throwIfAborted();
        await new Promise<void>((resolve) => {
          const stop = (): void => {
            signal.removeEventListener("abort", stop);
            resolve();
          };
          wake = stop;
          signal.addEventListener("abort", stop);
        });
      }
      signal.throwIfAborted();
      if (events.length === 0) return null;
      const taken = events;
      [events, behind] = [[], 0];
      return taken;
    },
    end() {
      isEnded = true;
      wake();
    },
  };
}

/** What an event weighs besides its text. */
const eventSize = 64;

function sizeOf(event: ModelEvent): number {
  return eventSize + ("text" in event ? event.text.length : 0);
}
