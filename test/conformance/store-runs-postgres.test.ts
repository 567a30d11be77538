import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { migratePostgres } from "../../src/adapters/postgres/migrate.ts";
import { migrations } from "../../src/adapters/postgres/migrations.ts";
import { makePartitions } from "../../src/adapters/postgres/partitions.ts";
import { toUuidV7, type RunId, type TenantId } from "../../src/model/index.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { usePostgres } from "../postgres.ts";
import { scaled, seed } from "../scale.ts";
import { openCuttingProxy } from "./cutting-proxy.ts";
import { makePostgresStore, type PostgresUnderTest } from "./postgres-store-under-test.ts";
import {
  newApprovalDraft,
  newDigest,
  newEntry,
  newRun,
  newTenant,
  startMs,
  startRun,
  toBytes,
  toText,
} from "./store-values.ts";

const postgres = usePostgres();
const all = { after: 0, limit: 10_000 };
const noCaps = { micros: null, tokens: null, calls: null };
const nothing = { micros: 0, tokens: 0, calls: 0 };

async function readTexts({ store }: PostgresUnderTest, run: RunId): Promise<string[]> {
  return (await store.runs.letters(run, all)).map(({ payload }) => toText(payload));
}

describe("inboxes through outages", () => {
  test("answers lost after Postgres had written: no letter is lost or doubled", async () => {
    const url = await postgres.freshDatabase();
    const cutting = await openCuttingProxy(url);
    const cut = await makePostgresStore(url, { through: cutting.url });
    const tenant = newTenant();
    const parent = await startRun(cut.store, tenant);
    const random = createSeededRandom(seed());
    const stop = new AbortController();
    const post = async (name: string): Promise<string[]> => {
      const posted: string[] = [];
      for (let n = 0; !stop.signal.aborted; n += 1) {
        const letter = { run: parent, tenant, payload: toBytes(`${name} ${n}`) };
        expect(await cut.store.runs.post(letter)).toBe("posted");
        posted.push(`${name} ${n}`);
        await sleep(5);
      }
      return posted;
    };
    const [left, right] = [await startRun(cut.store, tenant), await startRun(cut.store, tenant)];
    const write = async (name: string, run: RunId): Promise<string[]> => {
      const posted: string[] = [];
      for (let head = 1; !stop.signal.aborted; head += 1) {
        const letter = { run: parent, tenant, payload: toBytes(`${name} ${head}`) };
        const blobs = [{ id: newDigest(), bytes: toBytes(`${head}`) }];
        const append = { run, epoch: 1, head, events: [toBytes("e")], blobs };
        const outcome = await cut.store.commit({ append, letters: [letter] });
        expect(outcome).toEqual({ kind: "committed", head: head + 1 });
        posted.push(`${name} ${head}`);
        await sleep(5);
      }
      return posted;
    };
    const writing = Promise.all([post("a"), post("b"), write("c", left), write("d", right)]);
    let broken = 0;
    const breaking = (async () => {
      for (let times = 0; times < scaled({ test: 10, prove: 50 }); times += 1) {
        await sleep(10 + 40 * random.fraction());
        broken += await cutting.cut();
      }
    })();
    // A writer that fails early ends the test at once.
    await Promise.race([breaking, writing]);
    stop.abort();
    const posted = await writing;
    expect(broken).toBeGreaterThan(0);
    const texts = await readTexts(cut, parent);
    expect(texts.toSorted()).toEqual(posted.flat().toSorted());
    for (const [index, name] of ["a", "b", "c", "d"].entries()) {
      expect(texts.filter((text) => text.startsWith(name))).toEqual(posted[index]);
    }
    expect(await cut.store.runs.get(parent)).toMatchObject({ inbox: texts.length });
    await cut.close();
    await cutting.close();
  });
});

describe("locks", () => {
  test("appends, letters, decisions and voids of the same runs never deadlock", async () => {
    const url = await postgres.freshDatabase();
    const under = await makePostgresStore(url);
    const tenant = newTenant();
    const runs = await Promise.all(Array.from({ length: 6 }, () => startRun(under.store, tenant)));
    const rounds = scaled({ test: 12, prove: 200 });
    for (let head = 1; head <= rounds; head += 1) {
      const drafts = runs.map((run) => newApprovalDraft({ tenant, run }));
      for (const draft of drafts) await under.store.approvals.create(draft);
      await Promise.all([
        ...runs.map((run, index) => {
          const others = runs.filter((_, place) => place % 2 !== index % 2);
          const letters = others.map((to) => ({ run: to, tenant, payload: toBytes("l") }));
          const blobs = [{ id: newDigest(), bytes: toBytes("b") }];
          const append = { run, epoch: 1, head, events: [toBytes("e")], blobs, folded: head };
          const unit = index % 3 === 0 ? { append } : { append, letters };
          return (index % 2 === 0 ? under.store : under.peer).commit(unit);
        }),
        ...drafts.map(({ id, intent }, index) => {
          const said = { verdicts: toBytes("v"), seen: null, entry: newEntry(tenant) };
          const to = index % 2 === 0 ? ("approved" as const) : ("denied" as const);
          return under.peer.approvals.decide({ tenant, id, intent, to, ...said, nowMs: startMs });
        }),
        under.store.approvals.voidAll({ tenant }, 100),
        under.peer.approvals.expire(Number.MAX_SAFE_INTEGER, 100),
        under.store.runs.copyBlobs(runs[0]!, runs[5]!),
        under.peer.runs.copyBlobs(runs[5]!, runs[0]!),
      ]);
    }
    // A session tells what it counted when it ends.
    await under.close();
    const { rows } = await query(url, [
      "select deadlocks::int4 as deadlocks from pg_stat_database where datname = current_database()",
    ]);
    expect(rows).toEqual([{ deadlocks: 0 }]);
  });
});

async function query(url: string, [text, values = []]: [string, unknown[]?]) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await client.query<Record<string, unknown>>(text, values);
  } finally {
    await client.end();
  }
}

describe("the schema of runs", () => {
  test("runs from before have a state, an empty inbox and nothing told of them", async () => {
    const url = await postgres.freshDatabase();
    const before = migrations.findIndex(({ name }) => name === "runs");
    await migratePostgres({ url, migrations: migrations.slice(0, before) });
    const [run, tenant] = [newRun(), newTenant()];
    await query(url, [
      `insert into countersign.runs (run_id, tenant, epoch, head, priority, wake_at, ended, token)
       values ($1, $2, 1, 0, 0, null, false, 1)`,
      [run, tenant],
    ]);
    const under = await makePostgresStore(url);
    const [row] = await under.store.runs.list(tenant, { limit: 10 });
    expect(row).toMatchObject({ run, state: "queued", about: null, inbox: 0 });
    expect(await under.store.runs.post({ run, tenant, payload: toBytes("l") })).toBe("posted");
    await under.close();
  });

  test("a month that is dropped takes all that is its runs', and no other's", async () => {
    const url = await postgres.freshDatabase();
    const under = await makePostgresStore(url);
    const january = Date.UTC(2031, 0, 15);
    await makePartitions(under.admin, { nowMs: january, monthsAhead: 0 });
    const old = toUuidV7(january, new Uint8Array(10)) as RunId;
    const tenant: TenantId = newTenant();
    const recent = newRun();
    for (const run of [old, recent]) {
      const key = { hash: newDigest(), fingerprint: newDigest() };
      const blobs = [{ id: newDigest(), bytes: toBytes("b") }];
      await under.store.runs.create({ run, tenant, events: [toBytes("a")], key, blobs });
      await under.store.runs.keepSnapshot(run, { seq: 1, bytes: toBytes("s") });
      await under.store.runs.post({ run, tenant, payload: toBytes("l") });
      await under.store.runBudgets.open(run, { tenant, caps: noCaps, spent: nothing });
      await under.store.runBudgets.hold({ root: run, run, slot: "s", amounts: nothing });
    }
    const tables = ["blobs", "snapshots", "letters", "keys", "budgets", "holds"];
    const count = async (): Promise<unknown> => {
      const counts = tables.map((table) => `(select count(*)::int from countersign.run_${table})`);
      const { rows } = await query(url, [`select array[${counts.join(", ")}] as counts`]);
      return rows[0]?.["counts"];
    };
    const drop = () => under.store.dropEnded({ beforeMs: Date.UTC(2031, 1, 2), limit: 100 });
    expect((await drop()).kept).toContain("runs_2031_01");
    expect(await count()).toEqual([2, 2, 2, 2, 2, 2]);
    await under.store.commit({
      append: { run: old, epoch: 0, head: 1, events: [toBytes("ended")], ended: true },
    });
    expect((await drop()).dropped).toContain("runs_2031_01");
    expect(await count()).toEqual([1, 1, 1, 1, 1, 1]);
    expect(await under.store.runs.snapshot(recent)).toMatchObject({ seq: 1 });
    await under.close();
  });
});
