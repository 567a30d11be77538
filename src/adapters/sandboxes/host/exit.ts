import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { fail } from "./fail.ts";

/** How a process that we started ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error: NodeJS.ErrnoException | null;
}

/** One that could not be made has no streams, and says so only later: unheard, that would end this server. */
export function requireMade(child: ChildProcess): ChildProcess {
  if (child.pid !== undefined) return child;
  child.once("error", () => undefined);
  throw fail("The sandbox cannot be started: this machine lets no further process be made.");
}

/** Not "close": what has left its group of processes may hold the streams open. */
export function waitForExit(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    child.once("exit", (code, by) => resolve({ code, signal: by, error: null }));
  });
}

const signalBase = 128;
export const killedCode = signalBase + constants.signals.SIGKILL;

/** As shells do, a signal is told by a code above 128. */
export function toExitReason(code: number): string {
  const name = Object.entries(constants.signals).find(
    ([, number]) => number === code - signalBase,
  )?.[0];
  return name === undefined ? `ended with ${code}` : toEndedBy(name);
}

export const toEndedBy = (signal: string): string => `was ended by ${signal}`;

/** What nobody reads is read away, so that it closes. */
export function drain(streams: readonly Readable[]): void {
  for (const stream of streams) if (stream.readableFlowing === null) stream.resume();
}
