import pg from "pg";
import { describe, expect, test } from "vitest";
import { migratePostgres } from "../../src/adapters/postgres/migrate.ts";
import { migrations } from "../../src/adapters/postgres/migrations.ts";
import { makePartitions } from "../../src/adapters/postgres/partitions.ts";
import { toUuidV7, type RunId } from "../../src/model/index.ts";
import { usePostgres } from "../postgres.ts";
import { makePostgresStore } from "./postgres-store-under-test.ts";
import { newEntry, newTenant, startRun, toBytes, toTexts } from "./store-values.ts";

const postgres = usePostgres();
const incompatible = { code: "store_incompatible" };

async function ask(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(statement);
  await client.end();
  return rows;
}

describe("migrations", () => {
  test("eight replicas start at once: each step is applied by one of them", async () => {
    const url = await postgres.freshDatabase();
    const applied = await Promise.all(Array.from({ length: 8 }, () => migratePostgres({ url })));
    expect(applied.flatMap((outcome) => outcome.applied)).toEqual(migrations.map((m) => m.name));
    expect(await migratePostgres({ url })).toEqual({ applied: [] });
  });

  test("a step that changed after it was applied is refused", async () => {
    const url = await postgres.freshDatabase();
    await migratePostgres({ url });
    const [first, ...rest] = migrations;
    const indented = [{ ...first!, sql: first!.sql.replaceAll("\n", "\n  ") }, ...rest];
    expect(await migratePostgres({ url, migrations: indented })).toEqual({ applied: [] });
    const changed = [{ ...first!, sql: `${first!.sql} select 1;` }, ...rest];
    await expect(migratePostgres({ url, migrations: changed })).rejects.toMatchObject(incompatible);
  });

  test("a database of a newer Countersign is refused", async () => {
    const url = await postgres.freshDatabase();
    await migratePostgres({ url, migrations: [...migrations, { name: "next", sql: "select 1" }] });
    await expect(migratePostgres({ url })).rejects.toMatchObject(incompatible);
    await expect(makePostgresStore(url)).rejects.toMatchObject(incompatible);
  });

  test("a step that fails leaves nothing behind and is tried again", async () => {
    const url = await postgres.freshDatabase();
    const broken = { name: "next", sql: "create table half (n int); select 1 / 0" };
    await expect(migratePostgres({ url, migrations: [...migrations, broken] })).rejects.toThrow(
      "division by zero",
    );
    expect(await ask(url, "select to_regclass('half') as half")).toEqual([{ half: null }]);
    const repaired = { name: "next", sql: "create table half (n int)" };
    expect(await migratePostgres({ url, migrations: [...migrations, repaired] })).toEqual({
      applied: ["next"],
    });
  });
});

describe("a statement that Postgres refuses", () => {
  test("one poisoned payload fails alone in a batch of 100", async () => {
    const under = await makePostgresStore(await postgres.freshDatabase());
    await under.admin.query(`
      create function refuse() returns trigger language plpgsql as $$
        begin
          if new.payload = 'poison' then raise exception 'poisoned' using errcode = '22000'; end if;
          return new;
        end $$;
      create trigger refuse before insert on countersign.events
        for each row execute function refuse();`);
    const runs = await Promise.all(Array.from({ length: 100 }, () => startRun(under.store)));
    const outcomes = await Promise.allSettled(
      runs.map((run, index) => {
        const events = index === 41 ? ["fine", "poison"] : ["fine"];
        return under.store.commit({
          append: { run, epoch: 1, head: 1, events: events.map(toBytes) },
        });
      }),
    );
    expect(outcomes[41]).toMatchObject({ status: "rejected", reason: { code: "payload_invalid" } });
    for (const [index, run] of runs.entries()) {
      const texts = toTexts(await under.store.runs.read(run, { after: 0, limit: 10 }));
      expect(texts).toEqual(index === 41 ? ["started"] : ["started", "fine"]);
    }
    await under.close();
  });
});

describe("partitions", () => {
  const january = Date.UTC(2031, 0, 15);
  const toRun = (n: number) =>
    toUuidV7(
      january,
      Uint8Array.from({ length: 10 }, () => n),
    ) as RunId;
  const placed = `select c.relname::text as place, count(*)::int as rows
                  from countersign.events e join pg_class c on c.oid = e.tableoid
                  group by 1 order by 1`;

  test("rows that came too early for theirs are moved into it", async () => {
    const url = await postgres.freshDatabase();
    const under = await makePostgresStore(url);
    const tenant = newTenant();
    for (const n of [1, 2]) {
      await under.store.runs.create({
        run: toRun(n),
        tenant,
        events: [toBytes("a"), toBytes("b")],
      });
    }
    expect(await ask(url, placed)).toEqual([{ place: "events_default", rows: 4 }]);

    const made = await Promise.all(
      [1, 2, 3].map(() => makePartitions(under.admin, { nowMs: january, monthsAhead: 1 })),
    );
    expect(made.flatMap((outcome) => outcome.made).toSorted()).toEqual([
      "calls_2031_01",
      "calls_2031_02",
      "entries_2031_01",
      "entries_2031_02",
      "events_2031_01",
      "events_2031_02",
      "run_blobs_2031_01",
      "run_blobs_2031_02",
      "run_snapshots_2031_01",
      "run_snapshots_2031_02",
      "runs_2031_01",
      "runs_2031_02",
    ]);
    expect(await ask(url, placed)).toEqual([{ place: "events_2031_01", rows: 4 }]);
    expect(await under.store.runs.get(toRun(1))).toMatchObject({ head: 2 });
    const append = { run: toRun(1), epoch: 0, head: 2, events: [toBytes("c")] };
    expect(await under.store.commit({ append })).toEqual({ kind: "committed", head: 3 });
    await under.close();
  });

  test("a month is dropped when its last run has ended, not before", async () => {
    const url = await postgres.freshDatabase();
    const under = await makePostgresStore(url);

    await makePartitions(under.admin, { nowMs: january, monthsAhead: 0 });
    const tenant = newTenant();
    for (const n of [1, 2]) {
      await under.store.runs.create({ run: toRun(n), tenant, events: [toBytes("a")] });
    }
    const end = (run: RunId) =>
      under.store.commit({
        append: { run, epoch: 0, head: 1, events: [toBytes("ended")], ended: true },
      });
    const drop = () => under.store.dropEnded({ beforeMs: Date.UTC(2031, 1, 2), limit: 100 });
    await end(toRun(1));
    expect((await drop()).kept).toContain("runs_2031_01");
    await end(toRun(2));
    expect((await drop()).dropped).toContain("runs_2031_01");
    expect(await under.store.runs.get(toRun(1))).toBeNull();
    expect(await under.store.runs.read(toRun(1), { after: 0, limit: 10 })).toEqual([]);
    await under.close();
  });

  test("what is in the way of a partition postpones it, and nothing waits", async () => {
    const under = await makePostgresStore(await postgres.freshDatabase());
    const holder = await under.admin.connect();
    await holder.query("begin; lock table countersign.events_default in access share mode");

    const outcome = await makePartitions(under.admin, { nowMs: january, monthsAhead: 0 });
    expect(outcome.postponed).toEqual(["events_2031_01"]);
    await holder.query("rollback");
    holder.release();
    const entry = newEntry(newTenant());
    expect(await under.store.commit({ entries: [entry] })).toMatchObject({ kind: "committed" });
    await under.close();
  });
});
