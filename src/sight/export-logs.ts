import type { LineLog } from "../lib/line-log.ts";
import type { Clock } from "../ports/clock.ts";
import { isLogLine, parseLogLine, type LogRecord } from "../ports/log-line.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { LineQueue, type QueuedLines } from "./line-queue.ts";
import { sendBatches, type Destination } from "./send-batches.ts";

export interface LogsExportOptions {
  readonly destinations: () => readonly Destination<LogBatch>[];
  /** Gives each line that is written, until it is given null. */
  readonly tap: LineLog["tap"];
  /** Takes known secrets out: what stays here may say more than what leaves. */
  readonly redact: (line: string) => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

export interface LogBatch extends QueuedLines {
  readonly records: readonly LogRecord[];
}

/** Collectors take at least four megabytes at once; a character takes up to four bytes. */
const atOnce = { lines: 512, characters: 512 * 1024 };
const brace = "{".charCodeAt(0);
/** So many do not wait for the interval: a busy replica has them in a fraction of a second. */
const hurriedFrom = 2 * atOnce.lines;

/** Each destination has lines of its own that wait, so that one that is away costs the others nothing. */
export function exportLogs(options: LogsExportOptions): { stop(): Promise<void> } {
  const { tap, redact, telemetry, ...rest } = options;
  const queues = new Map<string, LineQueue>();
  const onDropped = (lines: number): void =>
    telemetry.count("log_lines_dropped", { reader: "destination" }, lines);

  tap((line, canWait) => {
    if (queues.size === 0) return;
    // Those of calls are made of what was looked at once already.
    const clean = canWait ? line : redact(line);
    // A secret that reads like the frame of a line takes it along: it must not hold up those behind it.
    if (clean !== line && !isLogLine(clean)) return onDropped(queues.size);
    // A text that was put together stays many pieces until it is read: what waits is kept in one.
    if (clean.charCodeAt(0) !== brace) return onDropped(queues.size);
    for (const [name, queue] of queues) {
      queue.push(clean);
      if (queue.size === hurriedFrom) sending.hurry(name);
    }
  });
  const sending = sendBatches<LogBatch>({
    ...rest,
    telemetry,
    signal: "logs",
    next: async (name) => {
      const queued = queues.get(name)?.peek(atOnce);
      if (queued === undefined || queued.lines.length === 0) return null;
      return { ...queued, records: queued.lines.map(parseLogLine) };
    },
    settle(name, batch) {
      const queue = queues.get(name);
      queue?.settle(batch);
      return queue !== undefined && queue.size >= atOnce.lines;
    },
    onServing(names) {
      for (const [name, queue] of queues) {
        if (names.has(name)) continue;
        queue.drop();
        queues.delete(name);
      }
      for (const name of names) if (!queues.has(name)) queues.set(name, new LineQueue(onDropped));
    },
  });
  return {
    async stop() {
      await sending.stop();
      tap(null);
      for (const queue of queues.values()) queue.drop();
    },
  };
}
