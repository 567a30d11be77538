import type pg from "pg";
import type { RunId } from "../../model/index.ts";
import type { LetterToRun, Posted, WakeNow } from "../../ports/run-rows.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import { encodeByteaArray, encodeTextArray, encodeUuidArray } from "./binary-array.ts";
import { toDigestBytes } from "./digest-bytes.ts";
import { toEnlisting, type Enlist } from "./enlist.ts";

/**
 * Locks runs in the order of their ids, as every statement does that locks several: none of them
 * waits for one that waits for it. Whatever else a transaction locks, it locks afterwards.
 */
export async function lockRuns(client: pg.PoolClient, runs: readonly RunId[]): Promise<void> {
  if (runs.length === 0) return;
  await client.query({
    name: "lock_runs",
    text: `select 1 from countersign.runs where run_id = any($1::uuid[]) order by run_id for update`,
    values: [encodeUuidArray([...new Set(runs)])],
  });
}

export interface Delivery {
  /** Of each letter, in their order. */
  readonly outcomes: readonly Posted[];
  /** The runs that have something to read, each once. */
  readonly wakes: readonly WakeNow[];
}

/** Puts letters into the inboxes of runs that this transaction has locked. */
export async function putLetters(
  client: pg.PoolClient,
  letters: readonly LetterToRun[],
  token: bigint,
): Promise<Delivery> {
  if (letters.length === 0) return { outcomes: [], wakes: [] };
  const { rows } = await client.query<{ outcome: Posted; priority: number }>({
    name: "put_letters",
    text: putting,
    values: [
      encodeUuidArray(letters.map(({ run }) => run)),
      encodeTextArray(letters.map(({ tenant }) => tenant)),
      encodeByteaArray(letters.map(({ payload }) => payload)),
      token.toString(),
      storeLimits.lettersUnread,
    ],
  });
  const wakes = new Map<RunId, WakeNow>();
  for (const [index, { outcome, priority }] of rows.entries()) {
    if (outcome !== "posted") continue;
    const { run, tenant, blobs = [] } = letters[index]!;
    wakes.set(run, { run, tenant, priority });
    if (blobs.length > 0) await putBlobs(client, { run, tenant, blobs });
  }
  return { outcomes: rows.map(({ outcome }) => outcome), wakes: [...wakes.values()] };
}

/** Those of one run are numbered in their order, as long as there is room. */
const putting = `with given as (
    select * from unnest($1::uuid[], $2::text[], $3::bytea[]) with ordinality
      as x(run, tenant, payload, place)
  ),
  found as (
    select r.run_id, r.tenant, r.ended, r.priority, r.inbox,
           (select count(*) from countersign.run_letters l where l.run_id = r.run_id) as unread
    from countersign.runs r where r.run_id = any($1::uuid[])
  ),
  heard as (
    select g.place, g.payload, f.run_id, f.unread,
           row_number() over (partition by f.run_id order by g.place) as nth, f.inbox
    from given g join found f on f.run_id = g.run and f.tenant = g.tenant
    where not f.ended
  ),
  taken as (select * from heard where unread + nth <= $5::int8),
  moved as (
    update countersign.runs r set inbox = t.last
    from (select run_id, max(inbox + nth) as last from taken group by run_id) t
    where r.run_id = t.run_id
  ),
  written as (
    insert into countersign.run_letters (run_id, seq, token, payload)
    select run_id, inbox + nth, $4::int8, payload from taken
  )
  select case when f.run_id is null then 'missing' when f.ended then 'ended'
              when g.place in (select place from taken) then 'posted' else 'full' end as outcome,
         f.priority
  from given g left join found f on f.run_id = g.run and f.tenant = g.tenant
  order by g.place`;

export interface Posting {
  readonly letter: LetterToRun;
  readonly token: bigint;
  readonly enlist: Enlist | undefined;
}

/** One letter in one statement, which is one transaction: as above, with its blobs and the wake. */
export async function postLetter(
  pool: pg.Pool,
  { letter, token, enlist }: Posting,
): Promise<Posted> {
  const { run, tenant, payload, blobs = [] } = letter;
  const { rows } = await pool.query<{ outcome: Posted }>({
    name: "post_letter",
    text: toPosting(toEnlisting(enlist, "woken")),
    values: [
      run,
      tenant,
      payload,
      token.toString(),
      storeLimits.lettersUnread,
      encodeByteaArray(blobs.map(({ id }) => toDigestBytes(id))),
      encodeByteaArray(blobs.map(({ bytes }) => bytes)),
    ],
  });
  return rows[0]!.outcome;
}

/**
 * The lock comes before the rest, which reads what it found. Letters that are put at the same moment by
 * others are not counted as unread.
 */
function toPosting(enlisting: string): string {
  return `with found as (
      select r.run_id, r.tenant, r.ended, r.priority, r.inbox,
             (select count(*) from countersign.run_letters l where l.run_id = $1::uuid) as unread
      from countersign.runs r where r.run_id = $1::uuid and r.tenant = $2
      for update
    ),
    taken as (select * from found where not ended and unread < $5::int8),
    moved as (
      update countersign.runs set inbox = inbox + 1
      where run_id = $1::uuid and exists (select from taken)
    ),
    written as (
      insert into countersign.run_letters (run_id, seq, token, payload)
      select run_id, inbox + 1, $4::int8, $3::bytea from taken
    ),
    kept as (
      insert into countersign.run_blobs (run_id, tenant, id, bytes)
      select t.run_id, t.tenant, b.id, b.bytes
      from taken t, unnest($6::bytea[], $7::bytea[]) as b(id, bytes)
      on conflict do nothing
    ),
    woken as (select run_id::text as run, tenant, priority from taken), ${enlisting}
    select case when exists (select from taken) then 'posted'
                when exists (select from found where ended) then 'ended'
                when exists (select from found) then 'full' else 'missing' end as outcome,
           (select count(*) from enlisted)`;
}

interface BlobsOfRun extends Pick<LetterToRun, "run" | "tenant"> {
  readonly blobs: NonNullable<LetterToRun["blobs"]>;
}

/** One that is there already is left as it is. */
export async function putBlobs(
  client: pg.PoolClient,
  { run, tenant, blobs }: BlobsOfRun,
): Promise<void> {
  await client.query({
    name: "put_run_blobs",
    text: `insert into countersign.run_blobs (run_id, tenant, id, bytes)
           select $1::uuid, $2::text, b.id, b.bytes
           from unnest($3::bytea[], $4::bytea[]) as b(id, bytes)
           on conflict do nothing`,
    values: [
      run,
      tenant,
      encodeByteaArray(blobs.map(({ id }) => toDigestBytes(id))),
      encodeByteaArray(blobs.map(({ bytes }) => bytes)),
    ],
  });
}

/** Whether the letter of an earlier attempt lies there; one that was folded in is not known again. */
export async function hasLetter(
  client: pg.PoolClient,
  run: RunId,
  token: bigint,
): Promise<boolean> {
  const { rows } = await client.query(
    "select 1 from countersign.run_letters where run_id = $1 and token = $2",
    [run, token.toString()],
  );
  return rows.length > 0;
}
