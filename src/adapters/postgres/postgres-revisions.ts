import type { Digest } from "../../model/index.ts";
import { requireBytes, requireDigest, requireWhole } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { RevisionRow, Revisions } from "../../ports/revision-rows.ts";
import { asked, type Database, type Tables } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";

export function createPostgresRevisions({ tables, pool }: Database): Revisions {
  const newest = tables.selectFrom("revisions").selectAll().orderBy("position", "desc");
  return {
    async current() {
      const row = await asked(newest.limit(1).executeTakeFirst());
      return row === undefined ? null : toRevisionRow(row);
    },
    async get(digest) {
      requireDigest("digest", digest);
      const row = await asked(
        newest.where("digest", "=", toDigestBytes(digest)).limit(1).executeTakeFirst(),
      );
      return row === undefined ? null : toRevisionRow(row);
    },
    async list(limit) {
      const rows = await asked(newest.limit(Math.min(limit, storeLimits.rowsPerPage)).execute());
      return rows.map(toRevisionRow);
    },
    async apply(next, previous) {
      requireDigest("digest", next.digest);
      requireBytes("bytes", next.bytes);
      requireWhole("appliedAtMs", next.appliedAtMs);
      const { rowCount } = await asked(
        pool.query({ text: applyText, values: toApplyValues(next, previous) }),
      );
      return rowCount === 1 ? "applied" : "stale";
    },
  };
}

// Two that build on the same revision take the same position, and one of them is stale.
const applyText = `
  with head as (
    select position, digest from countersign.revisions order by position desc limit 1
  )
  insert into countersign.revisions (position, digest, bytes, applied_at)
  select coalesce((select position from head), 0) + 1, $1, $2, $3
  where (select digest from head) is not distinct from $4::bytea
  on conflict (position) do nothing`;

function toApplyValues(next: RevisionRow, previous: Digest | null): unknown[] {
  return [
    toDigestBytes(next.digest),
    Buffer.from(next.bytes),
    next.appliedAtMs,
    previous === null ? null : toDigestBytes(previous),
  ];
}

function toRevisionRow(row: Tables["revisions"]): RevisionRow {
  return {
    digest: fromDigestBytes(row.digest),
    bytes: row.bytes,
    appliedAtMs: row.applied_at,
  };
}
