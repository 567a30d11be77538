import type pg from "pg";
import { Fault, type RunId, type TenantId } from "../../model/index.ts";
import { requireId, requireWhole } from "../../ports/storable.ts";
import { requireStorableDraft, requireStorableLetter } from "../../ports/storable-unit.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { Posted, RunHead, Runs, WakeNow } from "../../ports/run-rows.ts";
import type { Store } from "../../ports/store.ts";
import { CreateBatch } from "./create-batch.ts";
import { asked, type Database } from "./database.ts";
import { type Enlist, enlistSorted } from "./enlist.ts";
import { createPostgresRunBudgets } from "./postgres-run-budgets.ts";
import { removeRun } from "./remove-run.ts";
import { createRunBlobs } from "./run-blobs.ts";
import { hasLetter, lockRuns, postLetter, putLetters, type Posting } from "./run-inbox.ts";
import { createRunReads, selectedHead, toRunHead, type HeadRow } from "./run-rows.ts";
import type { Tokens } from "./tokens.ts";
import { again, inTransaction, type Step, type TransactionOptions } from "./transaction.ts";

export interface RunsOptions extends TransactionOptions {
  readonly database: Database;
  readonly tokens: Tokens;
  readonly enlist: Enlist | undefined;
}

/** Runs, and what trees of them spend. */
export function createPostgresRuns(options: RunsOptions): Pick<Store, "runs" | "runBudgets"> {
  return { runs: createRuns(options), runBudgets: createPostgresRunBudgets(options.database) };
}

function createRuns(options: RunsOptions): Runs {
  const { database, enlist } = options;
  const creating = new CreateBatch(options);
  return {
    ...createRunReads(database),
    ...createRunBlobs(database),
    async create(draft) {
      requireStorableDraft(draft);
      return creating.add(draft);
    },
    take: (run) => take(options, run),
    setTimer: (run, atMs, { replace = false } = {}) => setTimer(database, { run, atMs, replace }),
    wakeDue: (nowMs, limit) =>
      inTransaction(options, (client) =>
        wakeDue(client, { nowMs, limit: Math.min(limit, storeLimits.wakesPerUnit) }, enlist),
      ),
    async post(letter) {
      requireStorableLetter(letter);
      const token = options.tokens.next();
      // After a lost answer it is first looked whether the letter lies there.
      return again(options, (uncertain) =>
        uncertain
          ? inTransaction(options, (client) => postAgain(client, { letter, token, enlist }))
          : postLetter(options.pool, { letter, token, enlist }),
      );
    },
    async remove(run) {
      requireId("run", run);
      return inTransaction(options, (client, uncertain) => removeRun(client, run, uncertain));
    },
  };
}

async function take(options: RunsOptions, run: RunId): Promise<RunHead | null> {
  requireId("run", run);
  const { rows } = await asked(
    options.pool.query<HeadRow>({
      name: "take_run",
      text: `update countersign.runs set epoch = epoch + case when ended then 0 else 1 end
             where run_id = $1
             returning ${selectedHead}`,
      values: [run],
    }),
  );
  return rows[0] === undefined ? null : toRunHead(rows[0]);
}

interface Timer {
  readonly run: RunId;
  readonly atMs: number;
  readonly replace: boolean;
}

async function setTimer({ tables }: Database, { run, atMs, replace }: Timer): Promise<boolean> {
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
}

async function postAgain(
  client: pg.PoolClient,
  { letter, token, enlist }: Posting,
): Promise<Step<Posted>> {
  await lockRuns(client, [letter.run]);
  if (await hasLetter(client, letter.run, token)) {
    return { outcome: "posted", rollback: true };
  }
  const { outcomes, wakes } = await putLetters(client, [letter], token);
  const outcome = outcomes[0];
  if (outcome === undefined) throw new Fault("internal", "A letter was neither put nor refused");
  if (wakes.length > 0) await enlistSorted(enlist, client, wakes);
  return { outcome, rollback: outcome !== "posted" };
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
