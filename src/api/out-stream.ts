import type { ServerResponse } from "node:http";
import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

/** Server-sent events on their way to one client, never faster than it reads them. */
export interface OutStream {
  /** Fires when the client is gone, reads nothing any more, or is told to go. */
  readonly signal: AbortSignal;
  /** Resolves when there is room for more. Rejects when the signal fires. */
  write(text: string): Promise<void>;
  /** Rejects when the signal fires. */
  sleep(ms: number): Promise<void>;
  /** Waits for it that long at most: whether it came. Its own signal fires when nobody waits for it. */
  within(ms: number, begin: (signal: AbortSignal) => Promise<void>): Promise<boolean>;
  readonly stop: () => void;
  /** What was written goes out whole. */
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

  async function within(ms: number, begin: (cut: AbortSignal) => Promise<void>): Promise<boolean> {
    signal.throwIfAborted();
    const done = new AbortController();
    const cut = (): void => done.abort(signal.reason);
    signal.addEventListener("abort", cut, { once: true });
    const late = clock.sleep(ms, done.signal).then(() => false);
    late.catch(() => undefined);
    try {
      return await Promise.race([begin(done.signal).then(() => true), late]);
    } finally {
      signal.removeEventListener("abort", cut);
      done.abort();
      signal.throwIfAborted();
    }
  }

  return {
    signal,
    stop,
    within,
    async sleep(ms) {
      await clock.sleep(ms, signal);
    },
    async write(text) {
      signal.throwIfAborted();
      if (outgoing.write(text)) return;
      if (await within(unreadMs, (cut) => whenDrained(outgoing, cut))) return;
      outgoing.destroy();
      stop();
      signal.throwIfAborted();
    },
    end() {
      client.removeEventListener("abort", stop);
      if (!outgoing.destroyed) outgoing.end();
    },
  };
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
