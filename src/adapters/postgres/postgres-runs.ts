import type pg from "pg";
import type { RunId, TenantId } from "../../model/index.ts";
import { requireId, requireStorableDraft, requireWhole } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { RunDraft, RunHead, Runs, StoredEvent, WakeNow } from "../../ports/store.ts";
import { encodeByteaArray } from "./binary-array.ts";
import { asked, type Database } from "./database.ts";
import { type Enlist, enlistSorted } from "./enlist.ts";
import type { Tokens } from "./tokens.ts";
import { inTransaction, type Step, type TransactionOptions } from "./transaction.ts";

export interface RunsOptions extends TransactionOptions {
  readonly database: Database;
  readonly tokens: Tokens;
  readonly enlist: Enlist | undefined;
}

export function createPostgresRuns(options: RunsOptions): Runs {
  const { tables } = options.database;
  return {
    async create(draft) {
      requireStorableDraft(draft);
      const token = options.tokens.next();
      return inTransaction(options, (client, uncertain) =>
        createRun(client, { draft, token, uncertain, enlist: options.enlist }),
      );
    },
    async get(run) {
      requireId("run", run);
      const row = await asked(
        tables.selectFrom("runs").select(headColumns).where("run_id", "=", run).executeTakeFirst(),
      );
      return row === undefined ? null : toRunHead(row);
    },
    async take(run) {
      requireId("run", run);
      const { rows } = await asked(
        options.pool.query<HeadRow>({
          name: "take_run",
          text: `update countersign.runs set epoch = epoch + case when ended then 0 else 1 end
                 where run_id = $1
                 returning run_id, tenant, epoch, head, priority, wake_at, ended`,
          values: [run],
        }),
      );
      const row = rows[0];
      return row === undefined ? null : toRunHead(row);
    },
    read: (run, page) => readEvents(options.database, run, page),
    async setTimer(run, atMs, { replace = false } = {}) {
      requireId("run", run);
      requireWhole("atMs", atMs);
      const result = await asked(
        tables
          .updateTable("runs")
          .set({ wake_at: atMs })
          .where("run_id", "=", run)
          .where("ended", "=", false)
          .$if(!replace, (update) =>
            update.where((eb) => eb.or([eb("wake_at", "is", null), eb("wake_at", ">=", atMs)])),
          )
          .executeTakeFirst(),
      );
      return result.numUpdatedRows === 1n;
    },
    wakeDue: (nowMs, limit) =>
      inTransaction(options, (client) =>
        wakeDue(
          client,
          { nowMs, limit: Math.min(limit, storeLimits.wakesPerUnit) },
          options.enlist,
        ),
      ),
  };
}

const headColumns = ["run_id", "tenant", "epoch", "head", "priority", "wake_at", "ended"] as const;

interface HeadRow {
  readonly run_id: string;
  readonly tenant: string;
  readonly epoch: number;
  readonly head: number;
  readonly priority: number;
  readonly wake_at: number | null;
  readonly ended: boolean;
}

function toRunHead(row: HeadRow): RunHead {
  return {
    run: row.run_id as RunId,
    tenant: row.tenant as TenantId,
    epoch: row.epoch,
    head: row.head,
    priority: row.priority,
    wakeAtMs: row.wake_at,
    ended: row.ended,
  };
}

async function readEvents(
  { tables }: Database,
  run: RunId,
  page: { readonly after: number; readonly limit: number },
): Promise<readonly StoredEvent[]> {
  requireId("run", run);
  const rows = await asked(
    tables
      .selectFrom("events")
      .select(["seq", "payload"])
      .where("run_id", "=", run)
      .where("seq", ">", page.after)
      .orderBy("seq")
      .limit(Math.min(page.limit, storeLimits.rowsPerPage))
      .execute(),
  );
  return rows.map((row) => ({ run, seq: row.seq, payload: row.payload }));
}

interface Creation {
  readonly draft: RunDraft;
  readonly token: bigint;
  readonly uncertain: boolean;
  readonly enlist: Enlist | undefined;
}

async function createRun(
  client: pg.PoolClient,
  { draft, token, uncertain, enlist }: Creation,
): Promise<Step<"created" | "exists">> {
  const { rowCount } = await client.query({
    name: "create_run",
    text: `with made as (
             insert into countersign.runs
               (run_id, tenant, epoch, head, priority, wake_at, ended, token)
             values ($1, $2, 0, $3, $4, $5, false, $6)
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
  if (draft.wake === true) {
    const wake = { run: draft.run, tenant: draft.tenant, priority: draft.priority ?? 0 };
    await enlistSorted(enlist, client, [wake]);
  }
  return { outcome: "created" };
}

/** Rows that another transaction holds are left for its end: they stay due. */
async function wakeDue(
  client: pg.PoolClient,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
  enlist: Enlist | undefined,
): Promise<Step<{ woken: number; nextAtMs: number | null }>> {
  const { rows } = await client.query<{ run_id: string; tenant: string; priority: number }>({
    name: "wake_due",
    text: `with due as (
             select run_id from countersign.runs where wake_at <= $1
             order by wake_at limit $2 for update skip locked
           )
           update countersign.runs r set wake_at = null from due
           where r.run_id = due.run_id
           returning r.run_id, r.tenant, r.priority`,
    values: [nowMs, limit],
  });
  const wakes: WakeNow[] = rows.map((row) => ({
    run: row.run_id as RunId,
    tenant: row.tenant as TenantId,
    priority: row.priority,
  }));
  if (wakes.length > 0) await enlistSorted(enlist, client, wakes);
  const next = await client.query<{ at: number | null }>({
    name: "next_wake",
    text: "select min(wake_at) as at from countersign.runs where wake_at is not null",
  });
  return { outcome: { woken: wakes.length, nextAtMs: next.rows[0]?.at ?? null } };
}
