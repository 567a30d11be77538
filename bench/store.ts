import { randomBytes } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { startEmbeddedPostgres } from "../src/adapters/embedded-postgres/embedded-postgres.ts";
import { openPostgresStore, type PostgresStore } from "../src/adapters/postgres/postgres-store.ts";
import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";
import { toUuidV7, type EntryId, type RunId, type TenantId } from "../src/model/index.ts";
import type { CommitUnit } from "../src/ports/store.ts";
import type { Progress } from "./main.ts";
import { readPostgresCpuSeconds } from "./process-cpu.ts";
import { readMachine, toQuantile, type Report } from "./report.ts";

/** A step of a run is about this large; its contexts are blobs. */
const payloadBytes = 200;
const warmUpMs = 1_500;
const measuredMs = 4_000;
const tenant = "bench" as TenantId;

interface Regime {
  readonly writers: number;
  readonly unit: "append" | "append + entry" | "entry";
}

const regimes: readonly Regime[] = [
  ...[1, 50, 200].map((writers): Regime => ({ writers, unit: "append" })),
  ...[1, 50, 200].map((writers): Regime => ({ writers, unit: "append + entry" })),
  { writers: 200, unit: "entry" },
];

/** Fenced appends through the whole store, to a real Postgres with its default settings. */
export async function measureStore(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const directory = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  const { clock, random } = { clock: systemClock, random: systemRandom };
  const postgres = await startEmbeddedPostgres({
    dataDir: path.join(directory, "pg"),
    clock,
    random,
    log: () => {},
  });
  try {
    const telemetry = { count() {}, observe() {}, gauge() {}, log() {} };
    const store = await openPostgresStore({ url: postgres.url, clock, random, telemetry });
    const notes = [await readDurability(postgres.url), toFlushNote(directory)];
    const rows = [];
    for (const regime of regimes) {
      const row = await measure({ store, postmaster: postgres.pid }, regime);
      progress(JSON.stringify(row));
      rows.push(row);
    }
    await store.close();
    const about = `Units committed by writers that each wait for their last one; payloads of ${payloadBytes} bytes; ${measuredMs / 1000} s a row after ${warmUpMs / 1000} s of warming up.`;
    return { name: "Store: group commit", about, machine, rows, notes };
  } finally {
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(
  { store, postmaster }: { readonly store: PostgresStore; readonly postmaster: number },
  { writers, unit }: Regime,
): Promise<Report["rows"][number]> {
  const stop = new AbortController();
  const latencies: number[] = [];
  const runs = await Promise.all(Array.from({ length: writers }, () => startRun(store)));
  const writing = Promise.all(
    runs.map((run) => write({ store, unit, run, latencies, until: stop.signal })),
  );
  await sleep(warmUpMs);
  latencies.length = 0;
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  const startedPostgres = readPostgresCpuSeconds(postmaster);
  await sleep(measuredMs);
  const cpu = process.cpuUsage(startedCpu);
  const postgres = (readPostgresCpuSeconds(postmaster) ?? NaN) - (startedPostgres ?? NaN);
  const seconds = (performance.now() - startedMs) / 1000;
  const sorted = Float64Array.from(latencies).toSorted();
  stop.abort();
  await writing;
  return {
    unit,
    writers,
    "units/s": Math.round(sorted.length / seconds),
    "p50 ms": Number(toQuantile(sorted, 0.5).toFixed(2)),
    "p99 ms": Number(toQuantile(sorted, 0.99).toFixed(2)),
    "Node µs/unit": Number(((cpu.user + cpu.system) / sorted.length).toFixed(1)),
    "Postgres µs/unit": Number(((postgres * 1e6) / sorted.length).toFixed(1)),
  };
}

async function startRun(store: PostgresStore): Promise<RunId> {
  const run = toId() as RunId;
  await store.runs.create({ run, tenant, events: [] });
  await store.runs.take(run);
  return run;
}

interface Writer {
  readonly store: PostgresStore;
  readonly unit: Regime["unit"];
  readonly run: RunId;
  readonly latencies: number[];
  readonly until: AbortSignal;
}

async function write({ store, unit, run, latencies, until }: Writer): Promise<void> {
  const payload = new Uint8Array(randomBytes(payloadBytes));
  for (let head = 0; !until.aborted; head += 1) {
    const append = { run, epoch: 1, head, events: [payload] };
    const entries = [{ id: toId() as EntryId, tenant, bytes: payload }];
    const made: CommitUnit =
      unit === "append" ? { append } : unit === "entry" ? { entries } : { append, entries };
    const startedMs = performance.now();
    const outcome = await store.commit(made);
    latencies.push(performance.now() - startedMs);
    if (outcome.kind !== "committed") throw new Error(`not committed: ${JSON.stringify(outcome)}`);
  }
}

function toId(): string {
  return toUuidV7(systemClock.nowMs(), systemRandom.bytes(10));
}

async function readDurability(url: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings
     where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'server_version') order by 1`,
  );
  await client.end();
  return `Postgres: ${rows.map(({ name, setting }) => `${name} ${setting}`).join(", ")}.`;
}

/** What the disk itself takes: no single commit can be faster than one flush. */
function toFlushNote(directory: string): string {
  const file = openSync(path.join(directory, "flush"), "w");
  const page = Buffer.alloc(8_192);
  const took = Float64Array.from({ length: 500 }, () => {
    const startedMs = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - startedMs;
  }).toSorted();
  closeSync(file);
  return `A write of 8 KiB and its fdatasync on that disk: p50 ${toQuantile(took, 0.5).toFixed(2)} ms, p99 ${toQuantile(took, 0.99).toFixed(2)} ms.`;
}
