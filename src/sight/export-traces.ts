import { Nudge } from "../lib/nudge.ts";
import type { TenantId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { Breaks } from "./breaks.ts";
import { exportRound, NotTaken, type RoundOptions } from "./export-round.ts";
import { betweenRoundsMs, LookTimes } from "./look-times.ts";
import type { TraceDestination } from "./trace-destination.ts";

export interface TraceExportOptions extends Omit<
  RoundOptions,
  "destination" | "looks" | "breaks" | "signal"
> {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Of the revision that is serving; asked each time. */
  readonly destinations: () => readonly TraceDestination[];
}

const firstPauseMs = 1_000;
const longestPauseMs = 5 * 60_000;

interface Pause {
  readonly untilMs: number;
  readonly failures: number;
}
const none: Pause = { untilMs: 0, failures: 0 };

/** What this process knows of a destination. */
interface Known {
  readonly tenant: TenantId;
  readonly destination: string;
  readonly looks: LookTimes;
  readonly breaks: Breaks;
  pause: Pause;
}

/**
 * Sends traces to all destinations, each for itself: one that stalls holds up no other. Nothing waits for it,
 * and nothing is put into a queue: what is to be sent is in the logs already.
 */
export function exportTraces(options: TraceExportOptions): { stop(): Promise<void> } {
  const { clock, destinations, rows, owner } = options;
  const stopping = new AbortController();
  const nudge = new Nudge();
  const busy = new Map<string, Promise<void>>();
  const known = new Map<string, Known>();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const serving = destinations();
      for (const key of known.keys())
        if (!serving.some((each) => toKey(each) === key)) known.delete(key);
      for (const destination of serving) start(destination);
      await nudge.wait((signal) => clock.sleep(betweenRoundsMs, signal));
    }
    await Promise.all(busy.values());
    // Another process goes on at once. Where this fails, it does when the time is over.
    await Promise.allSettled([...known.values()].map((each) => rows.leave({ ...each, owner })));
  }

  function start(destination: TraceDestination): void {
    const key = toKey(destination);
    const { tenant, name } = destination;
    const one = known.get(key) ?? {
      tenant,
      destination: name,
      looks: new LookTimes(),
      breaks: new Breaks(),
      pause: none,
    };
    known.set(key, one);
    if (busy.has(key) || one.pause.untilMs > clock.monotonicMs()) return;
    const { looks, breaks } = one;
    const { signal } = stopping;
    const working = exportRound({ ...options, destination, looks, breaks, signal })
      .then(() => void (one.pause = none))
      .catch((error: unknown) => {
        if (stopping.signal.aborted) return;
        const failures = one.pause.failures + 1;
        one.pause = toPause(options, failures, error);
        tell(options, { name, failures, error });
      })
      .finally(() => busy.delete(key));
    busy.set(key, working);
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      nudge.nudge();
      await running;
    },
  };
}

const toKey = ({ tenant, name }: TraceDestination): string => `${tenant} ${name}`;

function toPause({ clock, random }: TraceExportOptions, failures: number, error: unknown): Pause {
  const told = error instanceof NotTaken ? error.retryAfterMs : null;
  const mostMs = Math.min(firstPauseMs * 2 ** Math.min(failures - 1, 20), longestPauseMs);
  const pauseMs = told ?? mostMs / 2 + (random.fraction() * mostMs) / 2;
  return { untilMs: clock.monotonicMs() + pauseMs, failures };
}

interface Telling {
  readonly name: string;
  readonly failures: number;
  readonly error: unknown;
}

/** Once is nothing; so often in a row, somebody should know of it. */
const toldAfter = 5;

function tell({ telemetry }: TraceExportOptions, { name, failures, error }: Telling): void {
  if (!(error instanceof NotTaken)) {
    telemetry.log("warn", "traces wait", { destination: name, fault: error });
    return;
  }
  telemetry.count("trace_tries_failed", { destination: name });
  const facts = { destination: name, why: error.message, failures };
  const level = failures === toldAfter ? "warn" : "debug";
  telemetry.log(level, "traces were not taken; they are sent again", facts);
}
