import type { ServerResponse } from "node:http";
import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import { createWaiting, type Waiting } from "./waiting.ts";

/** Server-sent events on their way to one client, never faster than it reads them. */
export interface OutStream extends Waiting {
  /** Fires when the client is gone, reads nothing any more, or is told to go. */
  readonly signal: AbortSignal;
  /** Resolves when there is room for more. Rejects when the signal fires. */
  write(text: string): Promise<void>;
  readonly stop: () => void;
  /** What was written goes out whole, if its client reads it. */
  end(): void;
}

interface OutStreamOptions {
  readonly clock: Clock;
  /** Of the client. */
  readonly signal: AbortSignal;
}

/** Whoever reads nothing for so long keeps the place of somebody who would. */
const unreadMs = 60_000;

export function openStream(
  outgoing: ServerResponse,
  { clock, signal: client }: OutStreamOptions,
): OutStream {
  const over = new AbortController();
  const { signal } = over;
  const stop = (): void => over.abort(new Fault("draining", "This stream is over."));
  if (client.aborted) stop();
  client.addEventListener("abort", stop, { once: true });
  outgoing.writeHead(200, {
    "content-type": "text/event-stream",
    // Proxies would hold events back until there are enough of them.
    "x-accel-buffering": "no",
  });
  outgoing.flushHeaders();
  const waiting = createWaiting(clock, signal);
  return {
    ...waiting,
    signal,
    stop,
    async write(text) {
      signal.throwIfAborted();
      if (outgoing.write(text)) return;
      if (await waiting.within(unreadMs, (cut) => whenDrained(outgoing, cut))) return;
      outgoing.destroy();
      stop();
      signal.throwIfAborted();
    },
    end() {
      client.removeEventListener("abort", stop);
      endAnswer(outgoing, clock);
    },
  };
}

/** Ends an answer, with this last, and cuts it if its client does not read it. */
export function endAnswer(outgoing: ServerResponse, clock: Clock, last = ""): void {
  if (outgoing.destroyed) return;
  const done = new AbortController();
  outgoing.once("close", () => done.abort());
  clock.sleep(unreadMs, done.signal).then(
    () => outgoing.destroy(),
    () => undefined,
  );
  outgoing.end(last);
}

async function whenDrained(outgoing: ServerResponse, cut: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      outgoing.removeListener("drain", settle);
      cut.removeEventListener("abort", settle);
      resolve();
    };
    outgoing.once("drain", settle);
    cut.addEventListener("abort", settle, { once: true });
    if (cut.aborted) settle();
  });
}
