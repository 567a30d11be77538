import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { LogWriter } from "../../src/ledger/log-writer.ts";
import { createInMemoryCheckpoints } from "../../src/ports/checkpoints.ts";
import type { TenantId } from "../../src/model/index.ts";
import { usePostgres } from "../postgres.ts";
import { scaled } from "../scale.ts";
import { createScene, writeCall, writeReads } from "./ledger-scene.ts";
import { openPostgresScene, verifyScene } from "./postgres-scene.ts";

const postgres = usePostgres();
const tenant = "acme" as TenantId;
const steps = 4;
const perStep = scaled({ test: 150, prove: 12_500 });

/** A log with a checkpoint after each step, all of which somebody keeps elsewhere. */
async function open() {
  const url = await postgres.freshDatabase();
  const scene = await openPostgresScene(url);
  const notes: string[] = [];
  const writer = scene.writer(tenant);
  for (let step = 0; step < steps; step += 1) {
    await writeReads(scene, tenant, perStep);
    while ((await scene.store.log.dueOf(tenant)) !== null) await writer.advance();
    notes.push((await scene.checkpoints.latest(tenant))!);
  }
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  onTestFinished(() => admin.end());
  const { rows } = await admin.query<{ id: string; cursor: string; bytes: Buffer }>(
    `select e.id, e.cursor::text as cursor, e.bytes from countersign.entries e
     where tenant = $1 order by e.cursor`,
    [tenant],
  );
  const tamper = async (text: string, values: unknown[] = []): Promise<void> => {
    expect((await admin.query(text, values)).rowCount).toBeGreaterThan(0);
  };
  return {
    ...scene,
    notes,
    rows,
    tamper,
    verify: () => verifyScene(scene, tenant, notes),
  };
}

const victim = perStep + 30;
const between = {
  kind: "rewritten",
  index: perStep,
  text: expect.stringMatching(`${perStep} and ${2 * perStep}`),
};

test("a log that nobody touched verifies against every checkpoint", async () => {
  const log = await open();
  const report = await log.verify();
  expect(report).toMatchObject({ verified: true, entries: steps * perStep, findings: [] });
  expect(report.checkpoints.filter(({ holds }) => holds)).toHaveLength(steps);
});

test("a flipped byte is named with its entry, and no receipt of it is given", async () => {
  const log = await open();
  const { id } = log.rows[victim]!;
  await log.tamper(
    "update countersign.entries set bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) where id = $1",
    [id],
  );
  expect((await log.verify()).findings).toMatchObject([
    { kind: "altered", index: victim, id },
    between,
  ]);
  const asked = { tenant, id: id as never, subject: null, signal: new AbortController().signal };
  await expect(log.ledger.receipt(asked)).rejects.toMatchObject({ code: "record_unreadable" });
});

test("an entry that was taken out is named by its place", async () => {
  const log = await open();
  await log.tamper("delete from countersign.entries where id = $1", [log.rows[victim]!.id]);
  const { findings } = await log.verify();
  expect(findings[0]).toMatchObject({ kind: "dropped", index: victim });
  expect(findings).toContainEqual(expect.objectContaining(between));
});

test("an entry that was put in is named by its id", async () => {
  const log = await open();
  const forged = await openPostgresScene(await postgres.freshDatabase());
  const [row] = await writeReads(forged, tenant, 1);
  const cursor = BigInt(log.rows[victim]!.cursor) - 1n;
  await log.tamper(
    "insert into countersign.entries (id, tenant, cursor, bytes) values ($1, $2, $3, $4)",
    [row!.id, tenant, cursor.toString(), row!.bytes],
  );
  const { findings } = await log.verify();
  expect(findings[0]).toMatchObject({ kind: "inserted", index: victim, id: row!.id });
  expect(findings).toContainEqual(expect.objectContaining(between));
});

test("two entries that changed places are both named", async () => {
  const log = await open();
  const [one, other] = [log.rows[victim]!, log.rows[victim + 3]!];
  await log.tamper(
    `update countersign.entries set cursor = case id when $1 then $4::int8 else $3::int8 end
     where id in ($1, $2)`,
    [one.id, other.id, one.cursor, other.cursor],
  );
  const { findings } = await log.verify();
  expect(findings.slice(0, 2)).toMatchObject([
    { kind: "moved", index: victim, id: other.id },
    { kind: "moved", index: victim + 3, id: one.id },
  ]);
  expect(findings).toContainEqual(expect.objectContaining(between));
});

test("a tail that was cut off is named, with and without its tree", async () => {
  const log = await open();
  const end = 3 * perStep - 20;
  await log.tamper("delete from countersign.entries where tenant = $1 and cursor >= $2", [
    tenant,
    log.rows[end]!.cursor,
  ]);
  const { findings } = await log.verify();
  expect(findings[0]).toMatchObject({ kind: "dropped", index: end });
  expect(findings).toContainEqual(expect.objectContaining({ kind: "cut", index: end }));
  // The tree is made anew to fit, as if there had never been more.
  await rewriteTree(log);
  expect((await log.verify()).findings).toContainEqual(
    expect.objectContaining({
      kind: "cut",
      index: end,
      text: expect.stringContaining(`a checkpoint of size ${3 * perStep}`),
    }),
  );
  expect(await log.ledger.state(tenant)).toMatchObject({ state: "forked" });
  await writeReads(log, tenant, 1);
  expect(await log.writer(tenant).advance()).toMatchObject({ kind: "forked" });
});

test("I5: a tree that was made anew over an altered entry is caught between two checkpoints", async () => {
  const log = await open();
  const { id, bytes } = log.rows[victim]!;
  const forged = Buffer.from(bytes.toString().replace('"answered"', '"denied"'));
  await log.tamper("update countersign.entries set bytes = $2 where id = $1", [id, forged]);
  await rewriteTree(log);
  const { findings } = await log.verify();
  expect(findings).toMatchObject([
    { ...between, text: expect.stringContaining("its tree was written anew") },
  ]);
  // Against itself it is whole: it takes a checkpoint from elsewhere to see it.
  await writeCall(log, tenant);
  expect(await log.writer(tenant).advance()).toMatchObject({
    kind: "forked",
    reason: expect.stringContaining("another tree"),
  });
});

/** As whoever has the database and none of the keys would do it: with the product's own code. */
async function rewriteTree(log: Awaited<ReturnType<typeof open>>): Promise<void> {
  const { store, clock, telemetry, random, keys } = log;
  await log.tamper("delete from countersign.log_tiles where tenant = $1", [tenant]);
  await log.tamper(
    `update countersign.log_epochs set size = 0, root = sha256(''), cursor = 0, note = null,
       signed_size = null where tenant = $1`,
    [tenant],
  );
  const without = { ...keys, sign: () => "a note that nobody signed" };
  const forging = await createScene({
    store,
    clock,
    telemetry,
    random,
    keys: without,
    checkpoints: { ...createInMemoryCheckpoints(), keep: async () => undefined },
  });
  const options = { ...forging, log: store.log, entries: store.entries };
  const unsigned = `update countersign.log_epochs set note = null, signed_size = null
    where tenant = $1`;
  for (let waiting = 1; waiting > 0;) {
    await new LogWriter(options, tenant).advance();
    // A note that nobody signed would be seen at once, here as anywhere.
    await log.tamper(unsigned, [tenant]);
    waiting = (await store.log.dueOf(tenant))?.waiting ?? 0;
  }
}
