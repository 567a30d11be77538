import type pg from "pg";
import type { KeyOfRun, RunDraft } from "../../ports/run-rows.ts";
import { encodeByteaArray } from "./binary-array.ts";
import { toDigestBytes } from "./digest-bytes.ts";
import { type Enlist, enlistSorted } from "./enlist.ts";
import { putBlobs } from "./run-inbox.ts";
import { runStateNumbers } from "./run-state-numbers.ts";
import type { Step } from "./transaction.ts";

interface Creation {
  readonly draft: RunDraft;
  readonly token: bigint;
  readonly uncertain: boolean;
  readonly enlist: Enlist | undefined;
}

export async function createRun(
  client: pg.PoolClient,
  { draft, token, uncertain, enlist }: Creation,
): Promise<Step<"created" | "exists">> {
  const { about, key } = draft;
  const { rowCount } = await client.query({
    name: "create_run",
    text: `with made as (
             insert into countersign.runs
               (run_id, tenant, epoch, head, priority, wake_at, ended, token,
                state, agent, subject, parent, created_at)
             values ($1, $2, 0, $3, $4, $5, false, $6, $8, $9, $10, $11, $12)
             on conflict (run_id) do nothing
             returning run_id, tenant, token
           ), logged as (
             insert into countersign.events (run_id, seq, tenant, token, payload)
             select m.run_id, e.place, m.tenant, m.token, e.payload
             from made m, unnest($7::bytea[]) with ordinality as e(payload, place)
           )
           select 1 from made`,
    values: [
      draft.run,
      draft.tenant,
      draft.events.length,
      draft.priority ?? 0,
      draft.wakeAtMs ?? null,
      token.toString(),
      encodeByteaArray(draft.events),
      runStateNumbers[draft.state ?? "queued"],
      about?.agent ?? null,
      about?.subject ?? null,
      about?.parent ?? null,
      about?.createdAtMs ?? null,
    ],
  });
  if (rowCount === 0) {
    if (!uncertain) return { outcome: "exists", rollback: true };
    const { rows } = await client.query<{ token: string }>(
      "select token::text as token from countersign.runs where run_id = $1",
      [draft.run],
    );
    const ours = rows[0]?.token === token.toString();
    return { outcome: ours ? "created" : "exists", rollback: true };
  }
  if (key !== undefined && !(await claimKey(client, draft, key))) {
    return { outcome: "exists", rollback: true };
  }
  const { run, tenant, blobs = [] } = draft;
  if (blobs.length > 0) await putBlobs(client, { run, tenant, blobs });
  if (draft.wake === true) {
    const wake = { run: draft.run, tenant: draft.tenant, priority: draft.priority ?? 0 };
    await enlistSorted(enlist, client, [wake]);
  }
  return { outcome: "created" };
}

/** Of two that come with one key, the second waits for the first, and finds it taken. */
async function claimKey(
  client: pg.PoolClient,
  { run, tenant }: RunDraft,
  { hash, fingerprint }: KeyOfRun,
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: "claim_run_key",
    text: `insert into countersign.run_keys (tenant, hash, fingerprint, run_id)
           values ($1, $2, $3, $4) on conflict do nothing`,
    values: [tenant, toDigestBytes(hash), toDigestBytes(fingerprint), run],
  });
  return rowCount === 1;
}
