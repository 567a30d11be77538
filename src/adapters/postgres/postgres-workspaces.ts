import type { RunId, TenantId } from "../../model/index.ts";
import { requireDigest, requireId } from "../../ports/storable.ts";
import { requireStorableChange, requireWorkspaceKey } from "../../ports/storable-workspace.ts";
import type { WorkspaceChange, WorkspaceRows } from "../../ports/workspace-rows.ts";
import { encodeByteaArray, encodeTextArray } from "./binary-array.ts";
import { asked, type Database } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";

export function createPostgresWorkspaces({ pool }: Database): WorkspaceRows {
  return {
    async get(key) {
      requireWorkspaceKey(key);
      const values = [key.tenant, key.server, key.owner];
      const { rows } = await asked(pool.query<Read>({ ...readWorkspace, values }));
      const row = rows[0];
      if (row === undefined) return null;
      const { version, manifest, calls, bytes } = row;
      return { version: Number(version), manifest: fromDigestBytes(manifest), calls, bytes };
    },
    async blobs(key, ids) {
      requireWorkspaceKey(key);
      for (const id of ids) requireDigest("ids", id);
      const wanted = encodeByteaArray(ids.map(toDigestBytes));
      const values = [key.tenant, key.server, key.owner, wanted];
      const { rows } = await asked(
        pool.query<{ id: Buffer; bytes: Buffer }>({ ...readBlobs, values }),
      );
      return new Map(rows.map(({ id, bytes }) => [fromDigestBytes(id), bytes]));
    },
    put: (change) => put(pool, change),
    copy: (tenant, runs) => copy(pool, tenant, runs),
    async sweep(beforeMs, limit) {
      const values = [beforeMs, limit];
      return (await asked(pool.query({ ...sweepOld, values }))).rowCount ?? 0;
    },
    async erase(tenant, subject, limit) {
      const values = [tenant, subject, limit];
      return (await asked(pool.query({ ...eraseOf, values }))).rowCount ?? 0;
    },
  };
}

interface Read {
  readonly version: string | number;
  readonly manifest: Buffer;
  readonly calls: string[];
  readonly bytes: Buffer;
}

const readWorkspace = {
  name: "read_workspace",
  text: `select w.version, w.manifest, w.calls, b.bytes
    from countersign.workspaces w
    join countersign.workspace_blobs b on b.workspace = w.id and b.id = w.manifest
    where w.tenant = $1 and w.server = $2 and w.owner = $3`,
};

const readBlobs = {
  name: "read_workspace_blobs",
  text: `select b.id, b.bytes
    from countersign.workspaces w
    join countersign.workspace_blobs b on b.workspace = w.id
    where w.tenant = $1 and w.server = $2 and w.owner = $3 and b.id = any($4::bytea[])`,
};

/**
 * One statement, which is one transaction. The lock on its run waits for whoever removes that, and finds
 * it gone then. What a stale writer left out, since it was there, is there no more: it is not the newest.
 */
const putWorkspace = {
  name: "put_workspace",
  text: `with alive as (
      select run_id from countersign.runs where run_id = $4 and tenant = $1 for key share
    ), changed as (
      update countersign.workspaces
      set version = version + 1, manifest = $7, calls = $8::text[], changed_at = $9
      where tenant = $1 and server = $2 and owner = $3 and version = $6
        and ($4::uuid is null or exists (select 1 from alive))
      returning id
    ), made as (
      insert into countersign.workspaces
        (tenant, server, owner, run_id, subject, version, manifest, calls, changed_at)
      select $1, $2, $3, $4, $5, 1, $7, $8::text[], $9
      where $6::int8 = 0 and ($4::uuid is null or exists (select 1 from alive))
      on conflict do nothing
      returning id
    ), own as (
      select id from changed union all select id from made
    ), added as (
      insert into countersign.workspace_blobs (workspace, id, bytes)
      select own.id, t.id, t.bytes from own, unnest($10::bytea[], $11::bytea[]) as t (id, bytes)
      on conflict do nothing
    ), gone as (
      delete from countersign.workspace_blobs b using own
      where b.workspace = own.id and b.id <> all($12::bytea[])
    )
    select id from own`,
};

async function put(pool: Database["pool"], change: WorkspaceChange): Promise<"put" | "stale"> {
  requireStorableChange(change);
  const { key, run, subject, version, manifest, blobs, keeps, calls, nowMs } = change;
  const { rowCount } = await asked(
    pool.query({
      ...putWorkspace,
      values: [
        key.tenant,
        key.server,
        key.owner,
        run,
        subject,
        version,
        toDigestBytes(manifest),
        encodeTextArray(calls),
        nowMs,
        encodeByteaArray([...blobs.keys()].map(toDigestBytes)),
        encodeByteaArray([...blobs.values()]),
        encodeByteaArray(keeps.map(toDigestBytes)),
      ],
    }),
  );
  return rowCount === 1 ? "put" : "stale";
}

/** Within one tenant: a blob's id is keyed by it. */
async function copy(
  pool: Database["pool"],
  tenant: TenantId,
  { from, to }: { readonly from: RunId; readonly to: RunId },
): Promise<void> {
  requireId("from", from);
  requireId("to", to);
  await asked(
    pool.query({
      name: "copy_workspaces",
      text: `with target as (
          select run_id from countersign.runs where run_id = $3 and tenant = $1 for key share
        ), source as (
          select w.* from countersign.workspaces w, target where w.run_id = $2 and w.tenant = $1
        ), made as (
          insert into countersign.workspaces
            (tenant, server, owner, run_id, subject, version, manifest, calls, changed_at)
          select tenant, server, $3::uuid::text, $3, subject, 1, manifest, '{}', changed_at
          from source
          on conflict do nothing
          returning id, server
        )
        insert into countersign.workspace_blobs (workspace, id, bytes)
        select made.id, b.id, b.bytes
        from made
        join source on source.server = made.server
        join countersign.workspace_blobs b on b.workspace = source.id`,
      values: [tenant, from, to],
    }),
  );
}

const sweepOld = {
  name: "sweep_workspaces",
  text: `delete from countersign.workspaces where id in (
      select id from countersign.workspaces
      where run_id is null and changed_at < $1 order by changed_at limit $2
    ) and run_id is null and changed_at < $1`,
};

const eraseOf = {
  name: "erase_workspaces",
  text: `delete from countersign.workspaces where id in (
      select id from countersign.workspaces
      where tenant = $1 and subject = $2 and run_id is null limit $3
    )`,
};
