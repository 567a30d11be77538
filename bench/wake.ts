import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbeddedPostgres } from "../src/adapters/embedded-postgres/embedded-postgres.ts";
import { createPgBossWake } from "../src/adapters/pg-boss/pg-boss-wake.ts";
import { openWakeQueue } from "../src/adapters/pg-boss/wake-queue.ts";
import { openPostgresStore } from "../src/adapters/postgres/postgres-store.ts";
import { systemClock as clock } from "../src/adapters/system/system-clock.ts";
import { systemRandom as random } from "../src/adapters/system/system-random.ts";
import { toUuidV7, type RunId, type TenantId } from "../src/model/index.ts";
import { createInMemoryTelemetry } from "../src/ports/in-memory-telemetry.ts";
import type { Store } from "../src/ports/store.ts";
import type { Wake, Woken } from "../src/ports/wake.ts";
import type { Progress } from "./main.ts";
import { readMachine, toQuantile, type Report } from "./report.ts";

const tenant = "bench" as TenantId;
const busyRuns = 200;
const probes = 400;
/** A model answers in tenths of a second; a run that only calls tools steps about this often. */
const stepMs = 20;
const payload = Buffer.alloc(200, "x");

interface Regime {
  readonly name: string;
  /** How the 200 runs beside the probe pass their time; null: there are none. */
  readonly busy: { readonly pauseMs: number; readonly wakes: boolean } | null;
}

const regimes: readonly Regime[] = [
  { name: "idle", busy: null },
  { name: `${busyRuns} runs, a step every ${stepMs} ms`, busy: { pauseMs: stepMs, wakes: false } },
  { name: `${busyRuns} runs as fast as they can`, busy: { pauseMs: 0, wakes: false } },
  { name: `${busyRuns} runs woken anew for each step`, busy: { pauseMs: 0, wakes: true } },
];

interface Bench {
  readonly store: Store;
  readonly wake: Wake;
  readonly woken: Map<RunId, (startedMs: number) => void>;
  steps: number;
  regime: Regime;
}

/** From the call that wakes a run to the start of its worker, through one process and Postgres. */
export async function measureWake(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const directory = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  const dataDir = path.join(directory, "pg");
  const postgres = await startEmbeddedPostgres({ dataDir, clock, random, log: () => {} });
  const telemetry = createInMemoryTelemetry();
  const { url } = postgres;
  try {
    const queue = await openWakeQueue({ url, clock, telemetry });
    const enlist = queue.enlist.bind(queue);
    const store = await openPostgresStore({ url, clock, random, telemetry, enlist });
    const wake = createPgBossWake({ queue, runs: store.runs, clock, telemetry });
    const rows = [];
    for (const regime of regimes) {
      const row = await measure({ store, wake, woken: new Map(), steps: 0, regime });
      progress(JSON.stringify(row));
      rows.push(row);
    }
    await wake.close();
    await store.close();
    await queue.close();
    const about = `${probes} wakes of a run of its own, one after another, by a signal; worker with ${busyRuns + 56} slots. Target: p50 4 ms idle, 10 ms beside ${busyRuns} busy runs.`;
    return { name: "Wake of a run by a signal", about, machine, rows, notes: [] };
  } finally {
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(bench: Bench): Promise<Report["rows"][number]> {
  const { store, wake, regime } = bench;
  const until = new AbortController();
  const serving = await wake.serve({
    slots: busyRuns + 56,
    onWake: (woken) => advance(bench, woken, until.signal),
  });
  const busy = Array.from({ length: regime.busy === null ? 0 : busyRuns }, toRun);
  for (const run of busy) {
    await store.runs.create({ run, tenant, events: [payload] });
    await wake.wake({ run, tenant });
  }
  await clock.sleep(2_000);
  const [steps, startedMs] = [bench.steps, clock.monotonicMs()];
  const latencies: number[] = [];
  for (let count = 0; count < probes; count++) {
    latencies.push(await probe(bench));
    await clock.sleep(5);
  }
  const perSecond = ((bench.steps - steps) / (clock.monotonicMs() - startedMs)) * 1_000;
  until.abort();
  await serving.stop({ withinMs: 5_000 });
  const sorted = Float64Array.from(latencies).toSorted();
  return {
    beside: regime.name,
    "p50 ms": Number(toQuantile(sorted, 0.5).toFixed(2)),
    "p90 ms": Number(toQuantile(sorted, 0.9).toFixed(2)),
    "p99 ms": Number(toQuantile(sorted, 0.99).toFixed(2)),
    "steps/s": Math.round(perSecond),
  };
}

async function probe({ wake, woken }: Bench): Promise<number> {
  const run = toRun();
  const { promise, resolve } = Promise.withResolvers<number>();
  woken.set(run, resolve);
  const askedMs = clock.monotonicMs();
  await wake.wake({ run, tenant });
  return (await promise) - askedMs;
}

async function advance(bench: Bench, { run }: Woken, until: AbortSignal): Promise<void> {
  const probed = bench.woken.get(run);
  if (probed !== undefined) {
    bench.woken.delete(run);
    return probed(clock.monotonicMs());
  }
  const { store, regime } = bench;
  const taken = await store.runs.take(run);
  if (taken === null || regime.busy === null) return;
  const { pauseMs, wakes } = regime.busy;
  const { epoch } = taken;
  for (let head = taken.head; !until.aborted; head++) {
    const append = { run, epoch, head, events: [payload] };
    const { kind } = await store.commit({ append, ...(wakes && { wakes: [{ run, tenant }] }) });
    if (kind !== "committed") return;
    bench.steps += 1;
    if (wakes) return;
    if (pauseMs > 0) await clock.sleep(pauseMs);
  }
}

function toRun(): RunId {
  return toUuidV7(clock.nowMs(), random.bytes(10)) as RunId;
}
