import { createPgBossWake } from "../../src/adapters/pg-boss/pg-boss-wake.ts";
import { openWakeQueue, type WakeQueue } from "../../src/adapters/pg-boss/wake-queue.ts";
import { openPostgresStore } from "../../src/adapters/postgres/postgres-store.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createInMemoryWake, type InMemoryWake } from "../../src/ports/in-memory-wake.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import type { WakeWorld } from "../conformance/wake-bench.ts";
import { systemClock as clock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom as random } from "../../src/adapters/system/system-random.ts";

const retries = 2;

export async function makeInMemoryWorld(): Promise<WakeWorld> {
  const store = createInMemoryStore({ enlist: (wakes) => wake.enlist(wakes) });
  const wake: InMemoryWake = createInMemoryWake({ clock, runs: store.runs, retries });
  return { wake, store, clock, random, retries, close: () => wake.close() };
}

export interface PostgresWorld extends WakeWorld {
  readonly url: string;
  readonly queue: WakeQueue;
}

export async function makePostgresWorld(url: string): Promise<PostgresWorld> {
  const telemetry = createInMemoryTelemetry();
  const queue = await openWakeQueue({ url, clock, telemetry, retries });
  const enlist = queue.enlist.bind(queue);
  const store = await openPostgresStore({ url, clock, random, telemetry, enlist });
  const wake = createPgBossWake({ queue, runs: store.runs, clock, telemetry });
  return {
    url,
    queue,
    wake,
    store,
    clock,
    random,
    retries,
    async close() {
      await wake.close();
      await store.close();
      await queue.close();
    },
  };
}
