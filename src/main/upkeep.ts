import type { PostgresStore } from "../adapters/postgres/postgres-store.ts";
import { dayMs, toDay } from "../ports/cost-rows.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";

export interface Upkeep {
  stop(): Promise<void>;
}

export interface UpkeepOptions {
  readonly store: Pick<
    PostgresStore,
    | "makePartitions"
    | "labels"
    | "spendings"
    | "costs"
    | "touches"
    | "deliveries"
    | "calls"
    | "runs"
    | "workspaces"
    | "traces"
  >;
  /** How long a run is kept once it has ended. */
  readonly keepRunsMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Partitions are made months ahead: four looks a day leave room for many failures. */
const everyMs = 6 * 60 * 60 * 1000;

/** What a database needs done from time to time. Its start does the first round itself. */
export function startUpkeep(options: UpkeepOptions): Upkeep {
  const stopping = new AbortController();
  const running = (async () => {
    while (await slept(options.clock, stopping.signal)) await round(options, stopping.signal);
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

const sweptAtOnce = 10_000;

/** One task that fails keeps none of the others from being done. */
async function round(options: UpkeepOptions, signal: AbortSignal): Promise<void> {
  for (const [task, work] of Object.entries(listTasks(options))) {
    try {
      while (!signal.aborted && (await work()) === "more");
    } catch (fault) {
      const message = "the database's upkeep failed; it is tried again";
      options.telemetry.log("warn", message, { task, fault });
    }
  }
}

type Task = () => Promise<"more" | "done">;

/** Partitions, and what nobody reads any more: labels that are forgotten after 30 days, past periods. */
function listTasks({ store, clock, keepRunsMs }: UpkeepOptions): Readonly<Record<string, Task>> {
  const { labels, spendings, costs, touches, deliveries, calls, workspaces, traces } = store;
  const nowMs = clock.nowMs();
  const isMore = async (swept: Promise<number>) =>
    (await swept) === sweptAtOnce ? "more" : "done";
  return {
    partitions: async () => {
      await store.makePartitions();
      return "done";
    },
    labels: () => isMore(labels.sweep(nowMs - 31 * dayMs, sweptAtOnce)),
    spendings: () => isMore(spendings.sweep(nowMs - 2 * dayMs, sweptAtOnce)),
    // As long as the runs that they are of.
    costs: () => isMore(costs.sweep(toDay(nowMs - keepRunsMs), sweptAtOnce)),
    // Longer than any fact is believed.
    touches: () => isMore(touches.sweep(nowMs - dayMs, sweptAtOnce)),
    keys: () => isMore(calls.sweepKeys(nowMs, sweptAtOnce)),
    // Those of an approval lie there until it has run out, which takes a week at most.
    deliveries: () => isMore(deliveries.sweep(nowMs - 14 * dayMs, sweptAtOnce)),
    // Those of runs go with their runs, which are kept as long after their end.
    workspaces: () => isMore(workspaces.sweep(nowMs - keepRunsMs, sweptAtOnce)),
    runs: () => removeRuns(store.runs, nowMs - keepRunsMs),
    // Destinations that no revision has named for so long: put back, one is as a new one.
    traces: async () => {
      await traces.sweep(nowMs - keepRunsMs);
      return "done";
    },
  };
}

const removedAtOnce = 100;

/** Those that ended before, with all that they said; what they did stays in the ledger. */
async function removeRuns(
  runs: Pick<PostgresStore["runs"], "listEnded" | "remove">,
  beforeMs: number,
): Promise<"more" | "done"> {
  const ended = await runs.listEnded(beforeMs, removedAtOnce);
  for (const run of ended) await runs.remove(run);
  return ended.length === removedAtOnce ? "more" : "done";
}

async function slept(clock: Clock, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(everyMs, signal).then(
    () => true,
    () => false,
  );
}
