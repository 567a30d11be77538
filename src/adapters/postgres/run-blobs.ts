import type { RunId } from "../../model/index.ts";
import { requireBytes, requireDigest, requireId, requireWhole } from "../../ports/storable.ts";
import type { Runs } from "../../ports/run-rows.ts";
import { encodeByteaArray } from "./binary-array.ts";
import { asked, type Database } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";

type RunBytes = Pick<Runs, "blobs" | "copyBlobs" | "keepSnapshot" | "snapshot">;

/** What a run has beside its log: the bytes that its events name, and its last snapshot. */
export function createRunBlobs({ tables, pool, readers }: Database): RunBytes {
  return {
    async blobs(run, ids) {
      requireId("run", run);
      for (const id of ids) requireDigest("ids", id);
      const { rows } = await asked(
        readers.query<{ id: Buffer; bytes: Buffer }>({
          name: "read_run_blobs",
          text: `select id, bytes from countersign.run_blobs
                 where run_id = $1 and id = any($2::bytea[])`,
          values: [run, encodeByteaArray(ids.map(toDigestBytes))],
        }),
      );
      return new Map(rows.map(({ id, bytes }) => [fromDigestBytes(id), bytes]));
    },
    copyBlobs: (from, to) => copyBlobs(pool, from, to),
    async keepSnapshot(run, { seq, bytes }) {
      requireId("run", run);
      requireWhole("seq", seq);
      requireBytes("bytes", bytes);
      // The lock lets the run go on, and keeps it from being removed meanwhile.
      await asked(
        pool.query({
          name: "keep_snapshot",
          text: `insert into countersign.run_snapshots as s (run_id, seq, bytes)
                 select r.run_id, $2::int8, $3::bytea from (
                   select run_id from countersign.runs where run_id = $1 for key share) r
                 on conflict (run_id) do update set seq = excluded.seq, bytes = excluded.bytes
                 where s.seq < excluded.seq`,
          values: [run, seq, Buffer.from(bytes)],
        }),
      );
    },
    async snapshot(run) {
      requireId("run", run);
      const row = await asked(
        tables
          .selectFrom("run_snapshots")
          .select(["seq", "bytes"])
          .where("run_id", "=", run)
          .executeTakeFirst(),
      );
      return row ?? null;
    },
  };
}

/** Within one tenant: a blob's id is keyed by it. The lock is the one that whoever adds a blob has. */
async function copyBlobs(pool: Database["pool"], from: RunId, to: RunId): Promise<void> {
  requireId("from", from);
  requireId("to", to);
  await asked(
    pool.query({
      name: "copy_run_blobs",
      text: `with target as (
               select run_id, tenant from countersign.runs where run_id = $2 for update
             )
             insert into countersign.run_blobs (run_id, tenant, id, bytes)
             select t.run_id, t.tenant, b.id, b.bytes
             from target t, countersign.run_blobs b
             where b.run_id = $1 and b.tenant = t.tenant
             on conflict do nothing`,
      values: [from, to],
    }),
  );
}
