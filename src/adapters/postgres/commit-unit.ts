import type pg from "pg";
import type { ApprovalRefusal } from "../../ports/approval-rows.ts";
import type { EntryRow } from "../../ports/entry-rows.ts";
import type { Append, CommitOutcome, CommitUnit, Consumption } from "../../ports/store.ts";
import { executeBatch } from "./append-statement.ts";
import { toCommitted } from "./committed.ts";
import { toDigestBytes } from "./digest-bytes.ts";
import type { Enlist } from "./enlist.ts";
import { enlistSorted } from "./enlist.ts";
import { readFences, readLandedAppends, readMissingEntries } from "./landed.ts";
import { toRefusal, type RefusalRow } from "./approval-refusal.ts";
import { lockRuns, putLetters } from "./run-inbox.ts";
import { inTransaction, type Step, type TransactionOptions } from "./transaction.ts";

export interface UnitWork extends TransactionOptions {
  readonly unit: CommitUnit;
  readonly token: bigint;
  readonly enlist: Enlist | undefined;
}

/**
 * A unit that consumes an approval, claims a key, wakes runs or writes to them, in a transaction of
 * its own. Runs are locked before the approval, here as everywhere, so that two of them cannot wait
 * for each other.
 */
export function commitUnit(work: UnitWork): Promise<CommitOutcome> {
  return inTransaction(work, (client, uncertain) => writeUnit(client, { ...work, uncertain }));
}

interface Attempt extends UnitWork {
  readonly uncertain: boolean;
}

async function writeUnit(client: pg.PoolClient, work: Attempt): Promise<Step<CommitOutcome>> {
  const { append, consume, entries, letters = [], wakes = [] } = work.unit;
  const committed = toCommitted(work.unit);
  if (letters.length > 0) {
    await lockRuns(client, [
      ...(append === undefined ? [] : [append.run]),
      ...letters.map(({ run }) => run),
    ]);
  }
  if (append !== undefined && !(await writeAppend(client, append, work.token))) {
    if (work.uncertain && (await hasLanded(client, append, work.token))) {
      return { outcome: committed, rollback: true };
    }
    const [fenced] = await readFences(client, [append]);
    return { outcome: fenced!, rollback: true };
  }
  if (consume !== undefined) {
    const refusal = await writeConsumption(client, consume, work);
    if (refusal === "ours") return { outcome: committed, rollback: true };
    const reason = refusal ?? ((await claimApproval(client, consume)) ? null : "consumed");
    if (reason !== null) return { outcome: { kind: "unconsumable", reason }, rollback: true };
  }
  if (!(await claimKeys(client, entries ?? []))) {
    return { outcome: { kind: "key_taken" }, rollback: true };
  }
  const late = await writeEntries(client, entries ?? [], work.token);
  if (repeatsEnded(entries ?? [], late)) {
    return { outcome: { kind: "key_taken" }, rollback: true };
  }
  const delivery = await putLetters(client, letters, work.token);
  const all = [...wakes, ...delivery.wakes];
  if (all.length > 0) await enlistSorted(work.enlist, client, all);
  return { outcome: toCommitted(work.unit, late) };
}

async function writeAppend(client: pg.PoolClient, append: Append, token: bigint): Promise<boolean> {
  const { winners } = await executeBatch(client, [{ append, entries: [], token }]);
  return winners.size === 1;
}

async function hasLanded(client: pg.PoolClient, append: Append, token: bigint): Promise<boolean> {
  const [landed] = await readLandedAppends(client, [{ append, token }]);
  return landed === true;
}

/** Entries that are durable already with the same bytes are fine; with others, a fault. */
async function writeEntries(
  client: pg.PoolClient,
  entries: readonly EntryRow[],
  token: bigint,
): Promise<ReadonlySet<string> | undefined> {
  const missing = entries.length === 0 ? [] : await readMissingEntries(client, entries);
  if (missing.length === 0) return undefined;
  const { late } = await executeBatch(client, [{ append: undefined, entries: missing, token }]);
  return late;
}

/** Somebody found out about the call in doubt before this unit could make it again. */
function repeatsEnded(entries: readonly EntryRow[], late: ReadonlySet<string> | undefined) {
  if (late === undefined || late.size === 0) return false;
  return entries.some(({ opens }) => (opens?.key ?? null)?.repeats !== undefined);
}

/** A row that somebody puts back is used up all the same: that it was used stands elsewhere, too. */
async function claimApproval(
  client: pg.PoolClient,
  { tenant, approval }: Consumption,
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: "claim_approval",
    text: `insert into countersign.used_approvals (tenant, id, expires_at)
           select tenant, id, expires_at from countersign.approvals where tenant = $1 and id = $2
           on conflict do nothing`,
    values: [tenant, approval],
  });
  return rowCount === 1;
}

/**
 * A key is free once it has run out, or while the call that had it is known not to have been carried
 * out; the call in doubt that had it hands it on to the one that repeats it. Ours by an earlier attempt
 * is ours.
 */
async function claimKeys(client: pg.PoolClient, entries: readonly EntryRow[]): Promise<boolean> {
  for (const { id, tenant, opens } of entries) {
    if (opens === undefined || opens.key === null) continue;
    const { hash, fingerprint, expiresAtMs, repeats = null } = opens.key;
    const { rowCount } = await client.query({
      name: "claim_key",
      text: `insert into countersign.call_keys as k (tenant, hash, fingerprint, call, expires_at)
             values ($1, $2, $3, $4, $5)
             on conflict (tenant, hash) do update
               set fingerprint = excluded.fingerprint, call = excluded.call,
                   expires_at = excluded.expires_at
               where k.call = excluded.call or k.expires_at <= $6
                 or (k.fingerprint = excluded.fingerprint and k.call = $7::uuid)
                 or (k.fingerprint = excluded.fingerprint and exists (
                      select 1 from countersign.calls c
                      where c.id = k.call and c.tenant = k.tenant and c.state = 'failed'))`,
      values: [
        tenant,
        toDigestBytes(hash),
        toDigestBytes(fingerprint),
        id,
        expiresAtMs,
        opens.atMs,
        repeats,
      ],
    });
    if (rowCount !== 1) return false;
  }
  return true;
}

/** `null` once consumed; `ours` when an earlier attempt of this very unit did it. */
async function writeConsumption(
  client: pg.PoolClient,
  consume: Consumption,
  work: Attempt,
): Promise<ApprovalRefusal | "ours" | null> {
  const key = [consume.tenant, consume.approval];
  const { rowCount } = await client.query({
    name: "consume",
    text: `update countersign.approvals set state = 'consumed', token = $5
           where tenant = $1 and id = $2 and intent = $3 and state = 'approved' and expires_at > $4`,
    values: [...key, toDigestBytes(consume.intent), consume.nowMs, work.token.toString()],
  });
  if (rowCount === 1) return null;
  const { rows } = await client.query<RefusalRow & { token: string | null }>({
    name: "consume_refused",
    text: `select state, intent, expires_at, token::text as token from countersign.approvals
           where tenant = $1 and id = $2`,
    values: key,
  });
  const row = rows[0];
  if (work.uncertain && row?.token === work.token.toString()) return "ours";
  const refusal = toRefusal(row, consume);
  // It was approved between the two statements: this attempt was a moment too early.
  return refusal === "approved" ? "pending" : refusal;
}
