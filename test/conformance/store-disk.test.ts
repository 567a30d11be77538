import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startEmbeddedPostgres } from "../../src/adapters/embedded-postgres/embedded-postgres.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { usePostgres } from "../postgres.ts";
import { makePostgresStore, type PostgresUnderTest } from "./postgres-store-under-test.ts";
import { startRun, toBytes } from "./store-values.ts";

const postgres = usePostgres();
const mebibyte = 1024 * 1024;

/** A disk of its own, small enough to be filled. Only root may mount one. */
function mountDisk(): string | null {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=220m,mode=755", "tmpfs", directory], {
      stdio: "ignore",
    });
    return directory;
  } catch {
    rmSync(directory, { recursive: true, force: true });
    return null;
  }
}

function unmountDisk(directory: string): void {
  execFileSync("umount", ["-l", directory]);
  rmSync(directory, { recursive: true, force: true });
}

/** Leaves `free` bytes of the disk. */
function fill(directory: string, free: number): string {
  const filler = path.join(directory, "filler");
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - free)));
  return filler;
}

test("a full disk: clear fault, no loss, recovers when space returns", async (context) => {
  const disk = mountDisk();
  if (disk === null) return context.skip("a disk can be mounted by root only");
  const server = await startEmbeddedPostgres({
    dataDir: path.join(disk, "pg"),
    clock: systemClock,
    random: systemRandom,
    log: () => {},
  });
  try {
    const under = await makePostgresStore(server.url, { commitWithinMs: 2_000 });
    const run = await startRun(under.store);
    const filler = fill(disk, 24 * mebibyte);
    // Bytes that do not compress, so that the disk is full after a few dozen.
    const payload = (head: number) =>
      Buffer.concat([toBytes(`${head} `), systemRandom.bytes(mebibyte)]);
    let head = 1;
    const refused = await until(async () => {
      const outcome = await under.store.commit({
        append: { run, epoch: 1, head, events: [payload(head)] },
      });
      expect(outcome).toEqual({ kind: "committed", head: head + 1 });
      head += 1;
    });
    expect(["store_full", "store_unavailable"]).toContain(refused.code);
    expect(head).toBeGreaterThan(1);
    rmSync(filler);
    const resumed = await resume(under, run, head);
    // What was acknowledged is there, and of the refused one at most the whole.
    const events = await under.store.runs.read(run, { after: 0, limit: 1_000 });
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events).toHaveLength(resumed);
    for (const event of events.slice(1, head)) {
      expect(Buffer.from(event.payload.subarray(0, 5)).toString()).toContain(`${event.seq - 1} `);
    }
    await under.close();
  } finally {
    await server.stop();
    unmountDisk(disk);
  }
}, 60_000);

/** Repeats until it is refused, and says with what. */
async function until(commit: () => Promise<void>): Promise<{ code: string }> {
  for (let tries = 0; tries < 500; tries += 1) {
    try {
      await commit();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "Fault") throw error;
      return error as Error & { code: string };
    }
  }
  throw new Error("The disk never filled");
}

/** Goes on where the log stands, as an owner does that does not know; returns the new head. */
async function resume(
  under: PostgresUnderTest,
  run: Awaited<ReturnType<typeof startRun>>,
  acknowledged: number,
): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      const { head } = (await under.store.runs.get(run))!;
      expect([acknowledged, acknowledged + 1]).toContain(head);
      const outcome = await under.store.commit({
        append: { run, epoch: 1, head, events: [toBytes("resumed")] },
      });
      expect(outcome).toEqual({ kind: "committed", head: head + 1 });
      return head + 1;
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "Fault") throw error;
      await sleep(100);
    }
  }
  throw new Error("The store did not recover");
}

test("a server that turned read-only: clear fault, and back when it is writable", async () => {
  const url = await postgres.freshDatabase();
  const under = await makePostgresStore(url);
  const run = await startRun(under.store);
  const append = { run, epoch: 1, head: 1, events: [toBytes("e")] };
  const name = new URL(url).pathname.slice(1);
  const turn = async (readOnly: boolean) => {
    await under.admin.query("set default_transaction_read_only = off");
    await under.admin.query(
      `alter database ${name} set default_transaction_read_only = ${readOnly}`,
    );
    await under.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
  };
  await turn(true);
  const readOnly = { code: "store_read_only" };
  await expect(under.store.commit({ append })).rejects.toMatchObject(readOnly);
  const wakes = [{ run, tenant: "tenant" as never }];
  await expect(under.store.commit({ append, wakes })).rejects.toMatchObject(readOnly);
  await turn(false);
  expect(await under.store.commit({ append })).toEqual({ kind: "committed", head: 2 });
  await under.close();
});
