import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunId } from "../../src/model/index.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { acme, WakeBench } from "../conformance/wake-bench.ts";
import { proving, scaled, seed } from "../scale.ts";
import { usePostgres } from "../postgres.ts";
import { makePostgresWorld, type PostgresWorld } from "./worlds.ts";
import { WorkerPool } from "./worker-pool.ts";

const takeOverMs = 20_000;

/** What each attempt to advance a run did, by the clock of Postgres. */
const advances = `
  create table advances (
    id bigint generated always as identity primary key,
    run uuid not null, epoch bigint not null, worker text not null, attempt int not null,
    taken_at timestamptz not null default clock_timestamp(),
    first_at timestamptz, last_at timestamptz, outcome text, aborted boolean
  );
  create index on advances (run, epoch);
`;

describe("Wake on worker processes", () => {
  const postgres = usePostgres();
  let world: PostgresWorld;
  let bench: WakeBench;
  let pool: pg.Pool;
  let workers: WorkerPool;

  beforeEach(async () => {
    world = await makePostgresWorld(await postgres.freshDatabase());
    bench = new WakeBench(world, { patienceMs: proving ? 600_000 : 90_000 });
    pool = new pg.Pool({ connectionString: world.url, max: 2 });
    pool.on("error", () => {});
    await pool.query(advances);
  });
  afterEach(async () => {
    await workers.close();
    await pool.end();
    await bench.close();
  });

  async function startRuns(count: number): Promise<readonly RunId[]> {
    const runs: RunId[] = [];
    for (let index = 0; index < count; index++) runs.push(await bench.create());
    for (const run of runs) await world.wake.wake({ run, tenant: acme });
    return runs;
  }

  async function holderOf(run: RunId): Promise<{ worker: string; epoch: number } | null> {
    const { rows } = await pool.query<{ worker: string; epoch: string }>(
      "select worker, epoch from advances where run = $1 order by id desc limit 1",
      [run],
    );
    return rows[0] === undefined ? null : { ...rows[0], epoch: Number(rows[0].epoch) };
  }

  /** Workers in the middle of a run. */
  async function listBusy(): Promise<readonly string[]> {
    const { rows } = await pool.query<{ worker: string }>(
      "select distinct worker from advances where outcome is null and worker = any($1) order by 1",
      [workers.names],
    );
    return rows.map(({ worker }) => worker);
  }

  /** Kills one in the middle of a run, if any is: a kill between two runs shows nothing. */
  async function killBusy(fraction: number): Promise<boolean> {
    const names = await listBusy();
    const name = names[Math.floor(fraction * names.length)];
    if (name === undefined) return false;
    // It stands where it is while that is looked at again.
    workers.signal(name, "SIGSTOP");
    if (!(await listBusy()).includes(name)) {
      workers.signal(name, "SIGCONT");
      return false;
    }
    await workers.kill(name);
    workers.start();
    return true;
  }

  async function allEnded(runs: readonly RunId[]): Promise<boolean> {
    const { rows } = await pool.query<{ count: number }>(
      `select count(distinct run)::int as count from advances
       where outcome = 'ended' and run = any($1)`,
      [runs],
    );
    if (rows[0]!.count === runs.length) return true;
    // A worker may be killed between its last event and its note.
    const heads = await Promise.all(runs.map((run) => world.store.runs.get(run)));
    return heads.every((head) => head!.ended);
  }

  async function expectSound(runs: readonly RunId[], steps: number): Promise<void> {
    for (const run of runs) {
      const events = await world.store.runs.read(run, { after: 0, limit: steps + 1 });
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
      const epochs = events
        .slice(1)
        .map(({ payload }) => JSON.parse(Buffer.from(payload).toString()) as { epoch: number });
      const order = epochs.map(({ epoch }) => epoch);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }
    const shared = await pool.query(
      "select run, epoch from advances group by 1, 2 having count(*) > 1",
    );
    expect(shared.rows, "an epoch of a run has one owner").toEqual([]);
    // Of one that was fenced the log above is the proof: a thawed worker may note its event late.
    const overlapping = await pool.query(`
      select a.run from advances a join advances b on a.run = b.run and a.epoch < b.epoch
      where a.last_at > b.first_at and a.outcome is distinct from 'fenced'`);
    expect(overlapping.rows, "one stops before the next starts").toEqual([]);
  }

  test("runs of a killed and of a frozen worker go on within 20 s, and a thawed one is fenced", async () => {
    const steps = 200;
    workers = new WorkerPool({ url: world.url, steps, stepMs: 250, slots: 1, pauses: false });
    workers.start();
    workers.start();
    const runs = await startRuns(2);
    const held = async (run: RunId) => (await world.store.runs.get(run))!.head > 2;
    await bench.until("both advance", async () => (await held(runs[0]!)) && (await held(runs[1]!)));
    const [killed, frozen] = await Promise.all(runs.map(holderOf));
    expect(killed!.worker).not.toBe(frozen!.worker);
    const startedAtMs = world.clock.monotonicMs();
    await workers.kill(killed!.worker);
    workers.signal(frozen!.worker, "SIGSTOP");
    workers.start();
    workers.start();
    const tookMs = await Promise.all(
      [killed!, frozen!].map(async ({ epoch }, index) => {
        const run = runs[index]!;
        await bench.until("taken over and advanced", async () => {
          const { rows } = await pool.query(
            "select 1 from advances where run = $1 and epoch > $2 and first_at is not null",
            [run, epoch],
          );
          return rows.length > 0;
        });
        return world.clock.monotonicMs() - startedAtMs;
      }),
    );
    console.log(`taken over after ${tookMs.map((ms) => (ms / 1_000).toFixed(1)).join(" and ")} s`);
    for (const ms of tookMs) expect(ms).toBeLessThanOrEqual(takeOverMs);

    workers.signal(frozen!.worker, "SIGCONT");
    await bench.until("the thawed worker was fenced", async () => {
      const { rows } = await pool.query<{ outcome: string; aborted: boolean }>(
        "select outcome, aborted from advances where run = $1 and epoch = $2",
        [runs[1], frozen!.epoch],
      );
      if (rows[0]!.outcome === null) return false;
      expect(rows[0]).toEqual({ outcome: "fenced", aborted: true });
      return true;
    });
    await workers.close();
    const heads = await Promise.all(
      runs.map(async (run) => (await world.store.runs.get(run))!.head),
    );
    for (const [index, run] of runs.entries()) await expectSound([run], heads[index]!);
  }, 60_000);

  test(
    "runs with workers killed at random all end, none advanced by two at once",
    async () => {
      const count = scaled({ test: 60, prove: 1_000 });
      const steps = 12;
      const random = createSeededRandom(seed());
      workers = new WorkerPool({ url: world.url, steps, stepMs: 100, slots: 4, pauses: true });
      for (let index = 0; index < 4; index++) workers.start();
      const runs = await startRuns(count);
      let killed = 0;
      const kills = scaled({ test: 8, prove: 80 });
      while (killed < kills && !(await allEnded(runs))) {
        await world.clock.sleep(300 + random.fraction() * 900);
        if (await killBusy(random.fraction())) killed += 1;
      }
      expect(killed).toBeGreaterThan(0);
      await bench.until("all ended", () => allEnded(runs));
      await workers.close();
      const { rows } = await pool.query<{ again: number }>(
        "select count(*) filter (where attempt > 0)::int as again from advances",
      );
      console.log(
        `${count} runs ended, ${killed} workers killed, ${rows[0]!.again} wakes taken over`,
      );
      expect(rows[0]!.again).toBeGreaterThan(0);
      expect(await world.wake.depth()).toMatchObject({ parked: 0 });
      await expectSound(runs, steps);
    },
    proving ? 900_000 : 120_000,
  );
});
