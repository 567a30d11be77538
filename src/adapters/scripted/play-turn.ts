import type { ServerResponse } from "node:http";
import type { ScriptFault } from "../../model/model-script.ts";
import type { Clock } from "../../ports/clock.ts";

/** How one answer is written, in either format. */
export interface Played {
  readonly whole: object;
  readonly events: readonly string[];
  /** An error in the middle of the events. */
  readonly failure: string;
  readonly streams: boolean;
  readonly fault: ScriptFault | undefined;
}

export interface Stage {
  readonly clock: Clock;
  readonly headers: Readonly<Record<string, string>>;
  /** Fires when the client or the server goes away. */
  readonly signal: AbortSignal;
}

/** Writes an answer, or as much of it as its fault lets through. */
export async function playTurn(
  outgoing: ServerResponse,
  { whole, events, failure, streams, fault }: Played,
  { clock, headers, signal }: Stage,
): Promise<void> {
  if (fault?.kind === "slow_first_token") await clock.sleep(fault.wait, signal);
  if (!streams) {
    if (fault !== undefined && "after" in fault) return void outgoing.destroy();
    const body = JSON.stringify(whole);
    outgoing.writeHead(200, { ...headers, "content-type": "application/json" }).end(body);
    return;
  }
  outgoing.writeHead(200, {
    ...headers,
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  });
  const breaksAfter = fault !== undefined && "after" in fault ? fault.after : events.length;
  for (const event of events.slice(0, breaksAfter)) {
    await writeEvent(outgoing, fault?.kind === "keep_alive" ? `: alive\n\n${event}` : event, {
      fault,
      signal,
    });
  }
  endStream(outgoing, fault, failure);
}

function endStream(outgoing: ServerResponse, fault: Played["fault"], failure: string): void {
  switch (fault?.kind) {
    case "stall":
      // It stays open until the client goes, or the server.
      return;
    case "cut":
      outgoing.destroy();
      return;
    case "error":
      outgoing.end(failure);
      return;
    case "garbage":
      outgoing.end("data: this is no JSON\n\n");
      return;
    default:
      outgoing.end();
  }
}

interface Writing {
  readonly fault: Played["fault"];
  readonly signal: AbortSignal;
}

/** Byte by byte, each in a chunk of its own, so that every character of several bytes is cut. */
async function writeEvent(outgoing: ServerResponse, event: string, { fault, signal }: Writing) {
  if (fault?.kind !== "split_utf8") return write(outgoing, event, signal);
  for (const byte of Buffer.from(event)) await write(outgoing, Uint8Array.of(byte), signal);
}

async function write(outgoing: ServerResponse, chunk: string | Uint8Array, signal: AbortSignal) {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => outgoing.write(chunk, () => resolve()));
}
