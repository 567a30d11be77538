import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { describe, expect, test } from "vitest";
import type { RunId, TenantId } from "../../src/model/index.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import type { CommitUnit } from "../../src/ports/store.ts";
import { usePostgres } from "../postgres.ts";
import { scaled, seed } from "../scale.ts";
import { openCuttingProxy } from "./cutting-proxy.ts";
import { makePostgresStore, type PostgresUnderTest } from "./postgres-store-under-test.ts";
import {
  newEntry,
  newTenant,
  startApproval,
  startRun,
  toBytes,
  toConsumption,
  toTexts,
} from "./store-values.ts";

const postgres = usePostgres();

/** Ends the store's sessions in the middle of whatever they do. */
const breakSessions = `
  select pg_terminate_backend(pid) from pg_stat_activity
  where application_name in ('countersign writer', 'countersign store')
    and datname = current_database() and pid <> pg_backend_pid()`;

/** One that writes until told to stop, and remembers what was acknowledged. */
interface Writer {
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly acknowledged: string[];
  readonly entries: string[];
  readonly wakes: { count: number };
}

async function write(under: PostgresUnderTest, writer: Writer, until: AbortSignal): Promise<void> {
  for (let head = 1; !until.aborted; head += 1) {
    const event = `${writer.run} ${head}`;
    const entry = newEntry(writer.tenant, event);
    const waking = head % 7 === 0;
    const unit: CommitUnit = {
      append: { run: writer.run, epoch: 1, head, events: [toBytes(event)] },
      ...(head % 3 === 0 ? { entries: [entry] } : {}),
      ...(waking ? { wakes: [{ run: writer.run, tenant: writer.tenant }] } : {}),
    };
    // Nothing but an acknowledgement will do: the outage is shorter than the deadline.
    expect(await under.store.commit(unit)).toEqual({ kind: "committed", head: head + 1 });
    writer.acknowledged.push(event);
    if (head % 3 === 0) writer.entries.push(event);
    if (waking) writer.wakes.count += 1;
  }
}

async function expectExactly(under: PostgresUnderTest, writers: readonly Writer[]): Promise<void> {
  const wakes = await under.readWakes();
  for (const writer of writers) {
    const events = await under.store.runs.read(writer.run, { after: 0, limit: 10_000 });
    expect(toTexts(events)).toEqual(["started", ...writer.acknowledged]);
    const entries = await under.store.entries.page(writer.tenant, { after: 0n, limit: 10_000 });
    expect(entries.map((row) => Buffer.from(row.bytes).toString())).toEqual(writer.entries);
    expect(wakes.filter((wake) => wake.run === writer.run)).toHaveLength(writer.wakes.count);
  }
}

async function writeThrough(
  under: PostgresUnderTest,
  count: number,
  breakIt: () => Promise<void>,
): Promise<number> {
  const writers = await Promise.all(
    Array.from({ length: count }, async (): Promise<Writer> => {
      const tenant = newTenant();
      const run = await startRun(under.store, tenant);
      return { run, tenant, acknowledged: [], entries: [], wakes: { count: 0 } };
    }),
  );
  const stop = new AbortController();
  const writing = Promise.all(writers.map((writer) => write(under, writer, stop.signal)));
  // A writer that fails early must end the test, not wait for the last break.
  await Promise.race([breakIt(), writing]);
  stop.abort();
  await writing;
  await expectExactly(under, writers);
  return writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0);
}

/** On a busy machine sessions are not back yet when the next break comes: then there are more breaks. */
function goesOn({ times, broken }: { readonly times: number; readonly broken: number }): boolean {
  return times < 50 || (broken <= 50 && times < 1_000);
}

describe("I5, I6: outages", () => {
  test("sessions ended 50 times in the middle of batches lose and double nothing", async () => {
    const under = await makePostgresStore(await postgres.freshDatabase());
    const random = createSeededRandom(seed());
    let broken = 0;
    const acknowledged = await writeThrough(under, 40, async () => {
      for (let times = 0; goesOn({ times, broken }); times += 1) {
        await sleep(10 + 50 * random.fraction());
        broken += (await under.admin.query(breakSessions)).rowCount ?? 0;
      }
    });
    expect(broken).toBeGreaterThan(50);
    // So that breaks met writes; how many a machine makes in this time says nothing.
    expect(acknowledged).toBeGreaterThan(100);
    await under.close();
  });

  test("answers lost 50 times after Postgres had written: nothing is lost or doubled", async () => {
    const url = await postgres.freshDatabase();
    const proxy = await openCuttingProxy(url);
    const under = await makePostgresStore(url, { through: proxy.url });
    const random = createSeededRandom(seed());
    let broken = 0;
    await writeThrough(under, 40, async () => {
      for (let times = 0; goesOn({ times, broken }); times += 1) {
        await sleep(30 + 50 * random.fraction());
        broken += await proxy.cut();
      }
    });
    expect(broken).toBeGreaterThan(50);
    await under.close();
    await proxy.close();
  });

  test("replicas that race with the same bytes while answers are lost: one is acknowledged", async () => {
    const url = await postgres.freshDatabase();
    const proxy = await openCuttingProxy(url);
    const under = await makePostgresStore(url, { through: proxy.url });
    const runs = await Promise.all(Array.from({ length: 10 }, () => startRun(under.store)));
    const random = createSeededRandom(seed());
    const rounds = 60;
    const racing = Promise.all(
      runs.map(async (run) => {
        for (let head = 1; head <= rounds; head += 1) {
          const append = { run, epoch: 1, head, events: [toBytes(`same ${head}`)] };
          const outcomes = await Promise.all(
            [under.store, under.peer].map((store) => store.commit({ append })),
          );
          const kinds = outcomes.map((outcome) => outcome.kind);
          expect(kinds.toSorted()).toEqual(["committed", "fenced"]);
        }
      }),
    );
    let over = false;
    void racing.finally(() => (over = true)).catch(() => {});
    let broken = 0;
    while (!over) {
      await sleep(60 + 60 * random.fraction());
      broken += await proxy.cut();
    }
    await racing;
    expect(broken).toBeGreaterThan(5);
    await under.close();
    await proxy.close();
  });

  test("I3: an approval consumed by an answer that was lost is known again", async () => {
    const url = await postgres.freshDatabase();
    const proxy = await openCuttingProxy(url);
    const under = await makePostgresStore(url, { through: proxy.url });
    for (let times = 0; times < 10; times += 1) {
      const draft = await startApproval(under.store);
      const consuming = under.store.commit({ consume: toConsumption(draft) });
      await sleep(1);
      await proxy.cut();
      expect(await consuming).toEqual({ kind: "committed", head: null });
      expect(await under.store.commit({ consume: toConsumption(draft) })).toEqual({
        kind: "unconsumable",
        reason: "consumed",
      });
    }
    await under.close();
    await proxy.close();
  });

  test("entries alone survive the same", async () => {
    const under = await makePostgresStore(await postgres.freshDatabase());
    const tenant = newTenant();
    const acknowledged: string[] = [];
    const stop = new AbortController();
    const writing = Promise.all(
      Array.from({ length: 20 }, async () => {
        while (!stop.signal.aborted) {
          const entries = [newEntry(tenant), newEntry(tenant)];
          expect(await under.store.commit({ entries })).toMatchObject({ kind: "committed" });
          acknowledged.push(...entries.map((entry) => entry.id));
        }
      }),
    );
    for (let times = 0; times < 10; times += 1) {
      await sleep(30);
      await under.admin.query(breakSessions);
    }
    stop.abort();
    await writing;
    const page = await under.store.entries.page(tenant, { after: 0n, limit: 10_000 });
    expect(page.map((row) => row.id).toSorted()).toEqual(acknowledged.toSorted().slice(0, 10_000));
    await under.close();
  });

  const kills = scaled({ test: 2, prove: 50 });
  test(
    `Postgres killed ${kills} times: what was acknowledged is there, once`,
    async () => {
      // Recovery begins by flushing every file, which a busy machine makes last.
      const under = await makePostgresStore(await postgres.freshDatabase(), {
        commitWithinMs: 60_000,
      });
      const acknowledged = await writeThrough(under, 20, async () => {
        for (let times = 0; times < kills; times += 1) {
          await sleep(200);
          const killed = postgres.server().pid;
          process.kill(killed, "SIGKILL");
          // Its sessions outlive it by a moment: they do not count as its return.
          await waitUntil(async () => {
            if (postgres.server().pid === killed) throw new Error("not started again yet");
            await under.admin.query("select 1");
          });
        }
        await sleep(200);
      });
      expect(acknowledged).toBeGreaterThan(100);
      await under.close();
    },
    scaled({ test: 60_000, prove: 1_200_000 }),
  );

  test("a commit that finds no Postgres says so at its deadline, and the next one works", async () => {
    const url = await postgres.freshDatabase();
    const under = await makePostgresStore(url, { commitWithinMs: 300 });
    const run = await startRun(under.store);
    await admit(url, false);
    const append = { run, epoch: 1, head: 1, events: [toBytes("e")] };
    const unavailable = { code: "store_unavailable" };
    await expect(under.store.commit({ append })).rejects.toMatchObject(unavailable);
    const tenant = newTenant();
    const wakes = [{ run, tenant }];
    await expect(under.store.commit({ append, wakes })).rejects.toMatchObject(unavailable);
    await expect(under.store.runs.get(run)).rejects.toMatchObject(unavailable);
    await admit(url, true);
    expect(await under.store.commit({ append })).toEqual({ kind: "committed", head: 2 });
    await under.close();
  });

  test("I13: the queue is bounded, and what is over the bound is told at once", async () => {
    const url = await postgres.freshDatabase();
    const under = await makePostgresStore(url, { commitWithinMs: 500 });
    await admit(url, false);
    const tenant = newTenant();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10_600 }, () => under.store.commit({ entries: [newEntry(tenant)] })),
    );
    const codes = new Map<string, number>();
    for (const outcome of outcomes) {
      const code = outcome.status === "rejected" ? String(outcome.reason.code) : "committed";
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    // All were added in one turn, before any batch was taken.
    expect(Object.fromEntries(codes)).toEqual({ store_busy: 600, store_unavailable: 10_000 });
    await admit(url, true);
    expect(await under.store.commit({ entries: [newEntry(tenant)] })).toMatchObject({
      kind: "committed",
    });
    await under.close();
  });
});

/** Closes the database to new sessions and ends the old ones, or opens it again. */
async function admit(url: string, open: boolean): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const outside = new pg.Client(postgres.url());
  await outside.connect();
  await outside.query(`alter database ${name} allow_connections ${open}`);
  if (!open) {
    await outside.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
      [name],
    );
  }
  await outside.end();
}

async function waitUntil(works: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 2_400; tries += 1) {
    try {
      await works();
      return;
    } catch {
      await sleep(25);
    }
  }
  throw new Error("Postgres did not come back");
}
