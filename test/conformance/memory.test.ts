import pg from "pg";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { schemaLock } from "../../src/adapters/postgres/migrate.ts";
import { openMemoryExtensions } from "../../src/adapters/postgres/memory-extensions.ts";
import { createPostgresMemory } from "../../src/adapters/postgres/postgres-memory.ts";
import {
  openPostgresStore,
  type PostgresStore,
} from "../../src/adapters/postgres/postgres-store.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { createInMemoryMemory } from "../../src/ports/in-memory-memory.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { usePostgres } from "../postgres.ts";
import { describeMemory, toDraft } from "./memory.ts";
import { newTenant } from "./store-values.ts";

const postgres = usePostgres();
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function open(url: string): Promise<PostgresStore> {
  const telemetry = createInMemoryTelemetry();
  return openPostgresStore({ url, clock: systemClock, random: systemRandom, telemetry });
}

describeMemory("in memory", async () => ({ memory: createInMemoryMemory() }));
describeMemory("Postgres", async () => {
  const store = await open(await postgres.freshDatabase());
  closing.push(() => store.close());
  return store;
});

const place = { tenant: newTenant(), scope: "agent:a" };
const query = {
  language: "english",
  embedder: { id: "e", version: "1" },
  vector: null,
  leastLikeness: 0,
  limit: 10,
} as const;

test("a language brings words to their stems, and leaves out those that say nothing", async () => {
  const store = await open(await postgres.freshDatabase());
  onTestFinished(() => store.close());
  const { memory } = store;
  const texts = { a: "She cancelled the bookings of the team.", b: "The weather of the day." };
  for (const [key, text] of Object.entries(texts))
    await memory.write(toDraft(place, { key, text, language: "english" }), { rows: 9 });
  const keys = async (text: string) =>
    (await memory.search(place, { ...query, text })).hits.map(({ key, ranks }) => [
      key,
      ranks.words,
    ]);
  expect(await keys("cancel a booking")).toEqual([["a", 1]]);
  expect(await keys("of the")).toEqual([]);
});

/** A store, and somebody else in its database. */
async function openBeside() {
  const url = await postgres.freshDatabase();
  const store = await open(url);
  const other = new pg.Client(url);
  onTestFinished(async () => {
    await other.end();
    await store.close();
  });
  await other.connect();
  return { url, store, other };
}

test("however many searches wait, the rest of the store does not wait behind them", async () => {
  const { store, other } = await openBeside();
  await store.memory.write(toDraft(place, { text: "slow" }), { rows: 9 });
  await other.query("begin; lock table countersign.memories in access exclusive mode");
  const searches = Array.from({ length: 12 }, () =>
    store.memory.search(place, { ...query, text: "slow" }),
  );
  await expect(store.makePartitions()).resolves.toMatchObject({ postponed: [] });
  await other.query("rollback");
  for (const { hits } of await Promise.all(searches)) expect(hits).toHaveLength(1);
});

test("a replica that starts waits for another that makes the index, however long that takes", async () => {
  const { url, other } = await openBeside();
  await other.query("select pg_advisory_lock($1)", [schemaLock]);
  const opened = openMemoryExtensions({ url, telemetry: createInMemoryTelemetry() });
  // Longer than a lock is waited for elsewhere.
  await systemClock.sleep(6_000, AbortSignal.timeout(60_000));
  await other.query("select pg_advisory_unlock($1)", [schemaLock]);
  await expect(opened).resolves.toHaveProperty("trigrams");
});

describe("without pg_trgm", () => {
  test("it is said what is missed, and all else is found", async () => {
    const url = await postgres.freshDatabase();
    const telemetry = createInMemoryTelemetry();
    const first = await open(url);
    await first.close();
    const admin = new pg.Client(url);
    await admin.connect();
    await admin.query("drop extension pg_trgm cascade");
    // A role that owns nothing may not install it.
    await admin.query(
      "create role plain login password 'plain'; grant usage on schema countersign to plain",
    );
    await admin.end();
    const plain = new URL(url);
    plain.username = plain.password = "plain";
    const extensions = await openMemoryExtensions({ url: plain.href, telemetry });
    expect(extensions.trigrams).toBeNull();
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    onTestFinished(() => pool.end());
    const parts = {
      pool,
      searches: pool,
      clock: systemClock,
      random: systemRandom,
      withinMs: 5_000,
    };
    const memory = createPostgresMemory({ ...parts, extensions });
    await memory.write(toDraft(place, { text: "the accommodation in Lisbon" }), { rows: 9 });
    const search = (text: string) => memory.search(place, { ...query, text });
    expect(await search("acommodation")).toMatchObject({ hits: [], spelling: false });
    expect((await search("lisbon")).hits).toHaveLength(1);
    expect(telemetry.lines.join()).toMatch(
      /no pg_trgm: memories are not found by words that are spelled otherwise/,
    );
  });
});

const byUrl = process.env["COUNTERSIGN_TEST_POSTGRES_URL"];

test("with pgvector the nearest of a whole scope are found", async (context) => {
  const url = byUrl ?? (await postgres.freshDatabase());
  const telemetry = createInMemoryTelemetry();
  const store = await open(url);
  onTestFinished(() => store.close());
  const { vectors } = await openMemoryExtensions({ url, telemetry });
  if (vectors === null) return context.skip("this Postgres has no pgvector");
  const here = { ...place, tenant: newTenant() };
  for (const [key, values] of Object.entries({ far: [0, 1], near: [1, 0.1] }))
    await store.memory.write(
      toDraft(here, { key, embedding: { ...query.embedder, values: Float32Array.from(values) } }),
      { rows: 9 },
    );
  const vector = Float32Array.from([1, 0]);
  const found = await store.memory.search(here, { ...query, text: "zzzz", vector });
  expect(found.hits.map(({ key }) => key)).toEqual(["near", "far"]);
});
