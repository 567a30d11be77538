import { strict as assert } from "node:assert";
import pg from "pg";
import { createPgBossWake } from "../../src/adapters/pg-boss/pg-boss-wake.ts";
import { openWakeQueue } from "../../src/adapters/pg-boss/wake-queue.ts";
import { openPostgresStore } from "../../src/adapters/postgres/postgres-store.ts";
import type { RunHead } from "../../src/ports/run-rows.ts";
import type { Telemetry } from "../../src/ports/telemetry.ts";
import type { Woken } from "../../src/ports/wake.ts";
import { systemClock as clock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom as random } from "../../src/adapters/system/system-random.ts";

/**
 * A worker to be killed. It advances runs that end after `steps` events. With `pauses` a run waits
 * after every third: for a timer, or for a wake of its own that commits with the event.
 */
export interface WorkerPlan {
  readonly url: string;
  readonly name: string;
  readonly steps: number;
  readonly stepMs: number;
  readonly slots: number;
  readonly pauses: boolean;
}

const { url, name, steps, stepMs, slots, pauses } = JSON.parse(process.argv[2]!) as WorkerPlan;
const log: Telemetry["log"] = (level, message) => console.error(`${name} ${level}: ${message}`);
const telemetry: Telemetry = { count() {}, observe() {}, gauge() {}, log };
const notes = new pg.Pool({ connectionString: url, max: 4 });
notes.on("error", () => {});
const queue = await openWakeQueue({ url, clock, telemetry });
const store = await openPostgresStore({
  url,
  clock,
  random,
  telemetry,
  enlist: (source) => queue.enlist(source),
});
const wake = createPgBossWake({ queue, runs: store.runs, clock, telemetry });
await wake.serve({
  slots,
  onWake: advance,
  onFault: (fault) => console.error(`${name}: ${fault instanceof Error ? fault.stack : "fault"}`),
});

async function advance({ run, attempt }: Woken, signal: AbortSignal): Promise<void> {
  const taken = await store.runs.take(run);
  assert(taken !== null);
  if (taken.ended) return;
  const note = await notes.query<{ id: string }>(
    `insert into advances (run, epoch, worker, attempt) values ($1, $2, $3, $4) returning id`,
    [run, taken.epoch, name, attempt],
  );
  const outcome = await advanceTaken(taken);
  await notes.query(`update advances set outcome = $2, aborted = $3 where id = $1`, [
    note.rows[0]!.id,
    outcome,
    signal.aborted,
  ]);
}

/** Deaf to its signal on purpose: what keeps a thawed worker from writing is the epoch. */
async function advanceTaken({ run, tenant, epoch, head: from }: RunHead): Promise<string> {
  for (let head = from; head < steps; head++) {
    await clock.sleep(stepMs);
    const ended = head + 1 === steps;
    const pause =
      ended || !pauses || (head + 1) % 3 > 0 ? "none" : random.fraction() < 0.5 ? "timer" : "wake";
    const events = [Buffer.from(JSON.stringify({ epoch, worker: name }))];
    const outcome = await store.commit({
      append: {
        run,
        epoch,
        head,
        events,
        ended,
        ...(pause === "timer" && { wakeAtMs: clock.nowMs() + 200 }),
      },
      ...(pause === "wake" && { wakes: [{ run, tenant }] }),
    });
    if (outcome.kind !== "committed") return outcome.kind;
    await notes.query(
      `update advances set last_at = clock_timestamp(), first_at = coalesce(first_at, clock_timestamp())
       where run = $1 and epoch = $2`,
      [run, epoch],
    );
    if (pause !== "none") return "waits";
  }
  return "ended";
}
