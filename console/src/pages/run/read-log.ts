import { Fault } from "../../../../src/model/fault.ts";
import type { RunSource, ShownEvent } from "./run-source.ts";

/** What the page holds of one run; more is for the export. */
export const mostEvents = 50_000;

export interface RunLog {
  readonly events: readonly ShownEvent[];
  /** There are more than are held. */
  readonly isCut: boolean;
}

export const emptyLog: RunLog = { events: [], isCut: false };

/** What came twice, or out of order after a new connection, is taken once. */
export function extendLog(log: RunLog, more: readonly ShownEvent[]): RunLog {
  let last = log.events.at(-1)?.seq ?? 0;
  const fresh = more.filter(({ seq }) => {
    const isNew = seq > last;
    if (isNew) last = seq;
    return isNew;
  });
  if (fresh.length === 0) return log;
  const room = mostEvents - log.events.length;
  return {
    events: [...log.events, ...fresh.slice(0, room)],
    isCut: log.isCut || fresh.length > room,
  };
}

/** Page by page to the end of what there is now, from where the log ends. */
export async function readLog(source: RunSource, log: RunLog): Promise<RunLog> {
  let [read, after] = [log, log.events.at(-1)?.seq ?? 0];
  while (!read.isCut) {
    const { events, next } = await source.readEvents(after);
    read = extendLog(read, events);
    // A page that does not lead on would be asked for again and again.
    if (next === null || next <= after) return read;
    after = next;
  }
  return read;
}

export interface Following {
  readonly source: RunSource;
  readonly after: number;
  readonly signal: AbortSignal;
  readonly take: (event: ShownEvent) => void;
}

const longestWaitMs = 8_000;

/** Until it is given up: a stream that ends or breaks is taken up again after what came last. */
export async function followLog({ source, after: from, signal, take }: Following): Promise<void> {
  if (source.followEvents === undefined) return;
  let after = from;
  for (let failures = 0; !signal.aborted;) {
    try {
      for await (const event of source.followEvents(after, signal)) {
        take(event);
        after = event.seq;
        failures = 0;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Fault) || !error.retryable) throw error;
      failures += 1;
    }
    await pause(Math.min(longestWaitMs, 500 * 2 ** failures), signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    resolve();
  };
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  return promise;
}
