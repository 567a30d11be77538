import type { PostgresStore } from "../adapters/postgres/postgres-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";

export interface Upkeep {
  stop(): Promise<void>;
}

export interface UpkeepOptions {
  readonly store: Pick<
    PostgresStore,
    "makePartitions" | "labels" | "spendings" | "deliveries" | "calls"
  >;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Partitions are made months ahead: four looks a day leave room for many failures. */
const everyMs = 6 * 60 * 60 * 1000;

/** What a database needs done from time to time. Its start does the first round itself. */
export function startUpkeep({ store, clock, telemetry }: UpkeepOptions): Upkeep {
  const stopping = new AbortController();
  const running = (async () => {
    while (await slept(clock, stopping.signal)) {
      try {
        await store.makePartitions();
        await sweep(store, clock.nowMs());
      } catch (fault) {
        telemetry.log("warn", "the database's upkeep failed; it is tried again", { fault });
      }
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

const dayMs = 24 * 60 * 60 * 1000;
const sweptAtOnce = 10_000;

/** What nobody reads any more: labels that are forgotten at the latest after 30 days, past periods. */
async function sweep(store: UpkeepOptions["store"], nowMs: number): Promise<void> {
  const { labels, spendings, deliveries, calls } = store;
  while ((await labels.sweep(nowMs - 31 * dayMs, sweptAtOnce)) === sweptAtOnce);
  while ((await spendings.sweep(nowMs - 2 * dayMs, sweptAtOnce)) === sweptAtOnce);
  while ((await calls.sweepKeys(nowMs, sweptAtOnce)) === sweptAtOnce);
  // Those of an approval lie there until it has run out, which takes a week at most.
  while ((await deliveries.sweep(nowMs - 14 * dayMs, sweptAtOnce)) === sweptAtOnce);
}

async function slept(clock: Clock, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(everyMs, signal).then(
    () => true,
    () => false,
  );
}
