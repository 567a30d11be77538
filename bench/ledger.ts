import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbeddedPostgres } from "../src/adapters/embedded-postgres/embedded-postgres.ts";
import { openPostgresStore } from "../src/adapters/postgres/postgres-store.ts";
import { systemClock as clock } from "../src/adapters/system/system-clock.ts";
import { systemRandom as random } from "../src/adapters/system/system-random.ts";
import { verifyReceipt } from "../src/ledger/verify-receipt.ts";
import { verifyLog } from "../src/ledger/verify-log.ts";
import { keepCheckpoints } from "../src/main/keep-checkpoints.ts";
import type { EntryId, TenantId } from "../src/model/index.ts";
import { createInMemoryTelemetry } from "../src/ports/in-memory-telemetry.ts";
import { createScene, writeCall, writeReads, type Scene } from "../test/ledger/ledger-scene.ts";
import type { Progress } from "./main.ts";
import { readPostgresCpuSeconds } from "./process-cpu.ts";
import { readMachine, type Report } from "./report.ts";

const tenant = "acme" as TenantId;
const entries = 100_000;
const calls = 1_000;
const receiptsAtOnce = 8;

/** From durable entries to a signed log, to receipts, to their verification. */
export async function measureLedger(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const directory = mkdtempSync(path.join(tmpdir(), "cs-bench-ledger-"));
  const postgres = await startEmbeddedPostgres({
    dataDir: path.join(directory, "pg"),
    clock,
    random,
    log: () => undefined,
  });
  const telemetry = createInMemoryTelemetry();
  const store = await openPostgresStore({ url: postgres.url, clock, random, telemetry });
  const rows: Record<string, string | number>[] = [];
  const note = (row: Record<string, string | number>): void => {
    rows.push(row);
    progress(JSON.stringify(row));
  };
  try {
    const checkpoints = await keepCheckpoints({ directory: path.join(directory, "kept"), clock });
    const scene = await createScene({ store, clock, random, telemetry, checkpoints });
    const ids = await fill(scene);
    note(await measure("taken into the log", entries, postgres.pid, () => integrate(scene)));
    note(await measureIdle(scene, postgres.pid));
    const texts: string[] = [];
    note(await measure("receipts built", calls, postgres.pid, () => build(scene, ids, texts)));
    const trust = { keys: scene.keys.verifiers, passkeys: null };
    note(
      await measure("receipts verified", calls, null, async () => {
        for (const text of texts) await verifyReceipt(text, trust);
      }),
    );
    note(await measure("log verified, entries", entries, postgres.pid, () => verify(scene)));
  } finally {
    await store.close();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  return {
    name: "Ledger",
    about:
      `${entries} entries of one tenant on an embedded Postgres with fsync, ${calls} of them calls with an ` +
      "effect; one process does everything but the work of Postgres, whose CPU stands beside it.",
    machine,
    rows,
    notes: [
      "Taken into the log: read in pages, hashed, written as tiles and head, signed each second and kept on the disk.",
      "One more entry: what a lone entry costs until its checkpoint is kept, two flushes of the disk included.",
      "A receipt here has two entries with their paths, and what was asked and answered.",
    ],
  };
}

async function fill(scene: Scene): Promise<readonly EntryId[]> {
  const ids: EntryId[] = [];
  for (let at = 0; at < calls; at += 50) {
    const made = await Promise.all(Array.from({ length: 50 }, () => writeCall(scene, tenant)));
    ids.push(...made.map(({ id }) => id));
  }
  await writeReads(scene, tenant, entries - 2 * calls);
  return ids;
}

async function integrate(scene: Scene): Promise<void> {
  const writer = scene.writer(tenant);
  while ((await scene.store.log.dueOf(tenant)) !== null) await writer.advance();
}

async function measureIdle(scene: Scene, postmaster: number) {
  const writer = scene.writer(tenant);
  await writer.advance();
  const count = 100;
  return measure("one more entry", count, postmaster, async () => {
    for (let each = 0; each < count; each += 1) {
      await writeReads(scene, tenant, 1);
      await writer.advance();
    }
  });
}

async function build(scene: Scene, ids: readonly EntryId[], texts: string[]): Promise<void> {
  const { signal } = new AbortController();
  const left = [...ids];
  const worker = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const receipt = await scene.ledger.receipt({ tenant, id, subject: null, signal });
      texts.push(JSON.stringify(receipt));
    }
  };
  await Promise.all(Array.from({ length: receiptsAtOnce }, worker));
}

async function verify({ ledger, keys }: Scene): Promise<void> {
  const { epochs } = await ledger.state(tenant);
  const report = await verifyLog(
    {
      epochs,
      read: async (epoch, fromTile) =>
        (await ledger.leaves({ tenant, epoch, from: fromTile * 256, limit: 4_096 })).tiles,
    },
    { notes: epochs.flatMap(({ checkpoint }) => checkpoint ?? []), keys: keys.verifiers },
  );
  if (!report.verified) throw new Error(JSON.stringify(report.findings.slice(0, 3)));
}

async function measure(
  what: string,
  count: number,
  postmaster: number | null,
  work: () => Promise<void>,
): Promise<Record<string, string | number>> {
  const before = { cpu: process.cpuUsage(), ms: performance.now(), postgres: cpuOf(postmaster) };
  await work();
  const seconds = (performance.now() - before.ms) / 1_000;
  const { user, system } = process.cpuUsage(before.cpu);
  const after = cpuOf(postmaster);
  const ofPostgres =
    after === null || before.postgres === null ? "" : toMicros(after - before.postgres, count);
  return {
    what,
    count,
    "a second": Math.round(count / seconds),
    "CPU µs each": Math.round(((user + system) / count) * 10) / 10,
    "Postgres CPU µs each": ofPostgres,
  };
}

const cpuOf = (postmaster: number | null): number | null =>
  postmaster === null ? null : readPostgresCpuSeconds(postmaster);

const toMicros = (seconds: number, count: number): number =>
  Math.round((seconds / count) * 10_000_000) / 10;
