import type { Clock } from "../ports/clock.ts";
import type { ReadSeries, Series } from "../ports/series.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { estimateQuantile, type Bucket } from "./estimate-quantile.ts";

/** Calls of the last minutes as this replica counted them. */
export interface CallFigures {
  readonly calls: number;
  readonly denied: number;
  /** That a tool or its server failed. */
  readonly errors: number;
  /** Estimated from a histogram; null where nothing was measured. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

export interface RecentFigures {
  readonly windowMs: number;
  readonly servers: ReadonlyMap<string, CallFigures>;
  /** By server, then by the tool's name as its label has it. */
  readonly tools: ReadonlyMap<string, ReadonlyMap<string, CallFigures>>;
}

export interface RecentCalls {
  read(): Promise<RecentFigures>;
  stop(): Promise<void>;
}

export interface RecentCallsOptions {
  readonly series: ReadSeries;
  readonly clock: Clock;
  readonly telemetry: Pick<Telemetry, "log">;
}

/** Counters only grow: what happened of late is what they have now beyond what they had then. */
const everyMs = 15_000;
/** Five minutes; the oldest goes. */
const mostKept = 20;
/** All series are added up: many open consoles together have that done once. */
const freshMs = 1_000;

/** Nothing is done for a call: what telemetry has counted is looked at from time to time. */
export function startRecentCalls({ series, clock, telemetry }: RecentCallsOptions): RecentCalls {
  const stopping = new AbortController();
  const startedMs = clock.monotonicMs();
  let kept: readonly Snapshot[] = [{ atMs: startedMs, tools: new Map() }];

  const take = async (): Promise<Snapshot> => ({
    atMs: clock.monotonicMs(),
    tools: toTotals(await readAll(series)),
  });
  const running = (async () => {
    while (await slept(clock, stopping.signal)) {
      try {
        kept = [...kept, await take()].slice(-mostKept);
      } catch (fault) {
        telemetry.log("warn", "recent calls could not be counted", { fault });
      }
    }
  })();
  let last: { readonly atMs: number; readonly figures: Promise<RecentFigures> } | null = null;
  return {
    read() {
      const atMs = clock.monotonicMs();
      if (last !== null && atMs - last.atMs < freshMs) return last.figures;
      const figures = take().then((now) => toFigures(kept[0]!, now));
      last = { atMs, figures };
      return figures;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function slept(clock: Clock, signal: AbortSignal): Promise<boolean> {
  await clock.sleep(everyMs, signal).catch(() => undefined);
  return !signal.aborted;
}

interface Read {
  readonly calls: readonly Series[];
  readonly errors: readonly Series[];
  readonly seconds: readonly Series[];
}

async function readAll(series: ReadSeries): Promise<Read> {
  const [calls, errors, seconds] = await Promise.all([
    series("tool_calls"),
    series("tool_call_errors"),
    series("tool_call_seconds"),
  ]);
  return { calls, errors, seconds };
}

/** What was counted of one tool since the process began. */
interface Totals {
  readonly server: string;
  readonly tool: string;
  calls: number;
  denied: number;
  errors: number;
  readonly buckets: Map<number, number>;
}

interface Snapshot {
  readonly atMs: number;
  readonly tools: ReadonlyMap<string, Totals>;
}

function toTotals({ calls, errors, seconds }: Read): ReadonlyMap<string, Totals> {
  const tools = new Map<string, Totals>();
  const of = ({ labels }: Series): Totals => {
    const { server = "", tool_name: tool = "" } = labels;
    const key = `${server}\n${tool}`;
    const known = tools.get(key);
    if (known !== undefined) return known;
    const made = { server, tool, calls: 0, denied: 0, errors: 0, buckets: new Map() };
    tools.set(key, made);
    return made;
  };
  for (const each of calls) {
    of(each).calls += each.value;
    if (each.labels["outcome"] === "denied") of(each).denied += each.value;
  }
  for (const each of errors) of(each).errors += each.value;
  for (const each of seconds) {
    if (each.part !== "bucket") continue;
    const { le = "" } = each.labels;
    of(each).buckets.set(le === "+Inf" ? Infinity : Number(le), each.value);
  }
  return tools;
}

function toFigures(before: Snapshot, now: Snapshot): RecentFigures {
  const since = [...now.tools].map(([key, each]) => subtract(each, before.tools.get(key)));
  const tools = new Map<string, Map<string, CallFigures>>();
  const servers = new Map<string, Totals>();
  for (const each of since) {
    const own = tools.get(each.server) ?? new Map<string, CallFigures>();
    tools.set(each.server, own.set(each.tool, toFiguresOf(each)));
    servers.set(each.server, add(servers.get(each.server), each));
  }
  return {
    windowMs: now.atMs - before.atMs,
    servers: new Map([...servers].map(([name, each]) => [name, toFiguresOf(each)])),
    tools,
  };
}

function subtract(now: Totals, before: Totals | undefined): Totals {
  if (before === undefined) return now;
  return combine(now, before, (one, other) => one - other);
}

function add(sum: Totals | undefined, each: Totals): Totals {
  return sum === undefined ? each : combine(sum, each, (one, other) => one + other);
}

function combine(one: Totals, other: Totals, by: (one: number, other: number) => number): Totals {
  const bounds = [...new Set([...one.buckets.keys(), ...other.buckets.keys()])];
  const { server, tool } = one;
  return {
    server,
    tool,
    calls: by(one.calls, other.calls),
    denied: by(one.denied, other.denied),
    errors: by(one.errors, other.errors),
    buckets: new Map(
      bounds.map((bound) => [
        bound,
        by(one.buckets.get(bound) ?? 0, other.buckets.get(bound) ?? 0),
      ]),
    ),
  };
}

function toFiguresOf({ calls, denied, errors, buckets }: Totals): CallFigures {
  const sorted: readonly Bucket[] = [...buckets]
    .map(([bound, count]) => ({ bound, count }))
    .toSorted((a, b) => a.bound - b.bound);
  const at = (share: number): number | null => {
    const seconds = estimateQuantile(sorted, share);
    return seconds === null ? null : seconds * 1_000;
  };
  return { calls, denied, errors, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}
