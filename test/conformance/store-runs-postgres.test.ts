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
const cost = { day: 1, kind: "model", name: "large", micros: 1, tokens: 2 } as const;

async function readTexts({ store }: PostgresUnderTest, run: RunId): Promise<string[]> {
  return (await store.runs.letters(run, all)).map(({ payload }) => toText(payload));
}

describe("inboxes through outages", () => {
  test("answers lost after Postgres had written: no letter or cost is lost or doubled", async () => {
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
        const append = { run, epoch: 1, head, events: [toBytes("e")], blobs, costs: [cost] };
        const outcome = await cut.store.commit({ append, letters: [letter] });
        expect(outcome).toEqual({ kind: "committed", head: head + 1 });
        posted.push(`${name} ${head}`);
        // Without a letter it may share a batch with the other's.
        head += 1;
        const next = await cut.store.commit({ append: { ...append, head } });
        expect(next).toEqual({ kind: "committed", head: head + 1 });
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
    const appended = 2 * (posted[2].length + posted[3].length);
    const { total } = await cut.store.costs.read(tenant, { fromDay: 0, toDay: 9, mostRows: 9 });
    expect(total).toEqual({ micros: appended, tokens: 2 * appended });
    await cut.close();
    await cutting.close();
  });
});

describe("locks", () => {
  test("erasing who spent does not wait for an append that is under way, and misses nothing else", async () => {
    const under = await makePostgresStore(await postgres.freshDatabase());
    const tenant = newTenant();
    const about = { agent: "a", subject: "ann", parent: null, createdAtMs: startMs };
    const runs = await Promise.all([0, 1, 2].map(() => startRun(under.store, tenant, about)));
    for (const run of runs)
      await under.store.commit({
        append: { run, epoch: 1, head: 1, events: [toBytes("e")], costs: [cost] },
      });
    const erase = () => under.store.costs.erase(tenant, "ann", 2);
    const client = await under.admin.connect();
    try {
      await client.query("begin");
      const add = "update countersign.costs set micros = micros + 1 where of = $1";
      await client.query(add, [runs[0]]);
      expect([await erase(), await erase()]).toEqual([2, 0]);
    } finally {
      await client.query("rollback");
      client.release();
    }
    expect(await erase()).toBe(1);
    await under.close();
  });

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
          const spent = { blobs, costs: [cost, { ...cost, day: 2 }] };
          const append = { run, epoch: 1, head, events: [toBytes("e")], ...spent, folded: head };
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
    const untold = { about: null, gist: null, endedAtMs: null };
    expect(row).toMatchObject({ run, state: "queued", ...untold, inbox: 0 });
    const { states } = await under.store.runs.count(tenant, { isTop: true, most: 9 });
    expect(states).toMatchObject({ queued: 1, running: 0 });
    // What an append does not say stays unknown, and what it has cost is kept all the same.
    const append = { run, epoch: 1, head: 0, events: [toBytes("e")], costs: [cost] };
    await under.store.commit({ append });
    expect((await under.store.runs.list(tenant, { limit: 1 }))[0]).toMatchObject(untold);
    const said = { steps: 4, why: "approval", micros: 1, tokens: 2 };
    await under.store.commit({ append: { ...append, head: 1, gist: said } });
    expect((await under.store.runs.list(tenant, { limit: 1 }))[0]).toMatchObject({ gist: said });
    const { agents } = await under.store.costs.read(tenant, { fromDay: 0, toDay: 9, mostRows: 9 });
    expect(agents).toEqual([{ name: null, micros: 2, tokens: 4 }]);
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
