import type { ServerResponse } from "node:http";
import type { KeyHolder } from "../authority/keyring.ts";
import type { Clock } from "../ports/clock.ts";
import { openStream, type OutStream } from "./out-stream.ts";

/** Proxies close what is silent for a minute or less. What a hint has missed is found then, too. */
export const silentMs = 15_000;
/** A hint that came to nothing is no reason to read again at once. */
export const pauseMs = 250;
/** A key that was taken away is noticed when the client comes again. */
const longestMs = 3_600_000;

/** When a stream that begins now ends, of the clock's wall time: no later than its client's token. */
export function toStreamEndMs(clock: Clock, holder: KeyHolder | null): number {
  const nowMs = clock.nowMs();
  return Math.min(nowMs + longestMs, holder?.proof.expiresAtMs ?? nowMs);
}

/** Those of one face, which end with it. */
export interface OutStreams {
  /** Rejects as `send` does, unless its client has gone or was told to go. */
  serve(
    outgoing: ServerResponse,
    client: AbortSignal,
    send: (out: OutStream) => Promise<void>,
  ): Promise<void>;
  /** Ends all that are open, and those that are about to be. Their clients come again elsewhere. */
  close(): void;
}

export function createOutStreams(clock: Clock): OutStreams {
  const open = new Set<() => void>();
  let isClosed = false;
  return {
    async serve(outgoing, client, send) {
      const out = openStream(outgoing, { clock, signal: client });
      open.add(out.stop);
      if (isClosed) out.stop();
      try {
        await send(out);
      } catch (error) {
        // Its end is no failure: the client was told to go, or has gone.
        if (!out.signal.aborted) throw error;
      } finally {
        open.delete(out.stop);
        out.end();
      }
    },
    close() {
      isClosed = true;
      for (const stop of open) stop();
    },
  };
}
