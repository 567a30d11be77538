import { createPgBossWake } from "../../src/adapters/pg-boss/pg-boss-wake.ts";
import { openWakeQueue } from "../../src/adapters/pg-boss/wake-queue.ts";
import { openPostgresStore } from "../../src/adapters/postgres/postgres-store.ts";
import { systemClock as clock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom as random } from "../../src/adapters/system/system-random.ts";
import { toUuidV7, type RunId, type TenantId } from "../../src/model/index.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";

/**
 * What waiting runs cost the worker that they wait on: it advances each once, so that whatever a
 * worker keeps of a run it has met is kept, and each goes to wait for a timer an hour ahead.
 * Prints one line of JSON. Run with --expose-gc.
 */
export interface WaitingReport {
  readonly waiting: number;
  readonly grownBytes: number;
  readonly heapGrownBytes: number;
  readonly cpuMsPerS: number;
}

const { url, warm, waiting, mostBytes } = JSON.parse(process.argv[2]!) as {
  url: string;
  warm: number;
  waiting: number;
  mostBytes: number;
};
const tenant = "acme" as TenantId;
const telemetry = createInMemoryTelemetry();
const queue = await openWakeQueue({ url, clock, telemetry });
const enlist = queue.enlist.bind(queue);
const store = await openPostgresStore({ url, clock, random, telemetry, enlist });
const wake = createPgBossWake({ queue, runs: store.runs, clock, telemetry });
let met = 0;
const serving = await wake.serve({
  slots: 64,
  async onWake({ run }) {
    const head = await store.runs.take(run);
    await store.commit({
      append: {
        run,
        epoch: head!.epoch,
        head: head!.head,
        events: [Buffer.from("{}")],
        wakeAtMs: clock.nowMs() + 3_600_000,
      },
    });
    met += 1;
  },
});

async function meet(count: number): Promise<void> {
  const untilMet = met + count;
  for (let left = count; left > 0; left -= 100) {
    const runs = Array.from({ length: Math.min(100, left) }, () => newRun());
    const events = [Buffer.from("{}")];
    await Promise.all(runs.map((run) => store.runs.create({ run, tenant, events })));
    await queue.enqueue(runs.map((run) => ({ run, tenant })));
  }
  while (met < untilMet) await clock.sleep(20);
  for (let depth = await wake.depth(); depth.active > 0; depth = await wake.depth()) {
    await clock.sleep(20);
  }
}

function newRun(): RunId {
  return toUuidV7(clock.nowMs(), random.bytes(10)) as RunId;
}

async function measure(): Promise<NodeJS.MemoryUsage> {
  for (let count = 0; count < 4; count++) {
    globalThis.gc!();
    await clock.sleep(100);
  }
  return process.memoryUsage();
}

/** A worker that keeps something of each grows each time; what it took of a busy machine it takes once. */
const mostTimes = 3;

await meet(warm);
let before = await measure();
await meet(waiting);
let after = await measure();
for (let times = 1; times < mostTimes && after.rss - before.rss > mostBytes; times += 1) {
  before = after;
  await meet(waiting);
  after = await measure();
}
const [cpu, idleMs] = [process.cpuUsage(), 5_000];
await clock.sleep(idleMs);
const { user, system } = process.cpuUsage(cpu);
const report: WaitingReport = {
  waiting,
  grownBytes: after.rss - before.rss,
  heapGrownBytes: after.heapUsed - before.heapUsed,
  cpuMsPerS: (user + system) / idleMs,
};
console.log(JSON.stringify(report));
await serving.stop({ withinMs: 1_000 });
await store.close();
await queue.close();
