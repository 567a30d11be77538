import type pg from "pg";
import type { RunDraft } from "../../ports/run-rows.ts";
import {
  encodeByteaArray,
  encodeInt4Array,
  encodeInt8Array,
  encodeTextArray,
  encodeUuidArray,
} from "./binary-array.ts";
import { toDigestBytes } from "./digest-bytes.ts";
import { toEnlisting, type Enlist } from "./enlist.ts";
import { runStateNumbers } from "./run-state-numbers.ts";

interface Creating {
  /** Each of another run. */
  readonly drafts: readonly RunDraft[];
  readonly token: bigint;
  readonly uncertain: boolean;
  readonly enlist: Enlist | undefined;
}

/**
 * One statement, which is one transaction: runs with their events, blobs and keys, and their wakes.
 * Returns which of them were made, by an attempt whose answer was lost, too.
 */
export async function createRuns(
  pool: pg.Pool,
  { drafts, token, uncertain, enlist }: Creating,
): Promise<ReadonlySet<string>> {
  const wakes = drafts.some(({ wake }) => wake === true);
  const { rows } = await pool.query<{ made: string[] }>({
    name: wakes ? "create_waking_runs" : "create_runs",
    text: wakes ? toText(toEnlisting(enlist, "woken")) : toText(null),
    values: toValues(drafts, token),
  });
  const made = new Set(rows[0]!.made);
  const missing = drafts.filter(({ run }) => !made.has(run));
  if (!uncertain || missing.length === 0) return made;
  const ours = await pool.query<{ run: string }>(
    "select run_id::text as run from countersign.runs where run_id = any($1::uuid[]) and token = $2",
    [encodeUuidArray(missing.map(({ run }) => run)), token.toString()],
  );
  return new Set([...made, ...ours.rows.map(({ run }) => run)]);
}

/**
 * Of two that come with one key, the second waits for the first, and finds it taken. Keys are claimed in
 * their order, none for a run that is there already. The look for that is a probe for each that has a
 * key: as a join, it might read all runs.
 */
function toText(enlisting: string | null): string {
  const wakes = enlisting === null ? "" : `, ${woken}, ${enlisting}`;
  return `with given as (
      select * from unnest($1::uuid[], $2::text[], $3::int4[], $4::int4[], $5::int8[], $6::int4[],
                           $7::text[], $8::text[], $9::uuid[], $10::int8[], $11::bytea[],
                           $12::bytea[], $13::int4[]) with ordinality
        as x(run, tenant, head, priority, wake_at, state, agent, subject, parent, created_at, hash,
             fingerprint, wakes, place)
    ), keyed as (
      insert into countersign.run_keys (tenant, hash, fingerprint, run_id)
      select distinct on (tenant, hash) tenant, hash, fingerprint, run from given
      where hash <> ''
        and (select 1 from countersign.runs r where r.run_id = given.run) is null
      order by tenant, hash, place
      on conflict do nothing
      returning run_id
    ), made as (
      insert into countersign.runs
        (run_id, tenant, epoch, head, priority, wake_at, ended, token,
         state, agent, subject, parent, created_at, steps, micros, tokens)
      select run, tenant, 0, head, priority, wake_at, false, $14::int8,
             state::int2, nullif(agent, ''), nullif(subject, ''), parent, created_at, 0, 0, 0
      from given where hash = '' or run in (select run_id from keyed)
      on conflict (run_id) do nothing
      returning run_id, tenant, priority
    ), logged as (
      insert into countersign.events (run_id, seq, tenant, token, payload)
      select m.run_id, e.seq, m.tenant, $14::int8, e.payload
      from unnest($15::uuid[], $16::int8[], $17::bytea[]) as e(run, seq, payload)
        join made m on m.run_id = e.run
    ), kept as (
      insert into countersign.run_blobs (run_id, tenant, id, bytes)
      select m.run_id, m.tenant, b.id, b.bytes
      from unnest($18::uuid[], $19::bytea[], $20::bytea[]) as b(run, id, bytes)
        join made m on m.run_id = b.run
      on conflict do nothing
    )${wakes}
    select array(select run_id::text from made) as made
           ${enlisting === null ? "" : ", (select count(*) from enlisted)"}`;
}

const woken = `woken as (
      select m.run_id::text as run, m.tenant, m.priority
      from made m join given g on g.run = m.run_id where g.wakes = 1
    )`;

const nothing = new Uint8Array();

function toValues(drafts: readonly RunDraft[], token: bigint): unknown[] {
  const events = drafts.flatMap(({ run, events: all }) =>
    all.map((payload, index) => ({ run, seq: index + 1, payload })),
  );
  const kept = drafts.flatMap(({ run, blobs = [] }) => blobs.map((blob) => ({ run, ...blob })));
  return [
    encodeUuidArray(drafts.map(({ run }) => run)),
    encodeTextArray(drafts.map(({ tenant }) => tenant)),
    encodeInt4Array(drafts.map((draft) => draft.events.length)),
    encodeInt4Array(drafts.map(({ priority = 0 }) => priority)),
    encodeInt8Array(drafts.map(({ wakeAtMs = null }) => wakeAtMs)),
    encodeInt4Array(drafts.map(({ state = "queued" }) => runStateNumbers[state])),
    encodeTextArray(drafts.map(({ about }) => about?.agent ?? "")),
    encodeTextArray(drafts.map(({ about }) => about?.subject ?? "")),
    encodeUuidArray(drafts.map(({ about }) => about?.parent ?? null)),
    encodeInt8Array(drafts.map(({ about }) => about?.createdAtMs ?? null)),
    encodeByteaArray(drafts.map(({ key }) => (key ? toDigestBytes(key.hash) : nothing))),
    encodeByteaArray(drafts.map(({ key }) => (key ? toDigestBytes(key.fingerprint) : nothing))),
    encodeInt4Array(drafts.map(({ wake = false }) => (wake ? 1 : 0))),
    token.toString(),
    encodeUuidArray(events.map(({ run }) => run)),
    encodeInt8Array(events.map(({ seq }) => seq)),
    encodeByteaArray(events.map(({ payload }) => payload)),
    encodeUuidArray(kept.map(({ run }) => run)),
    encodeByteaArray(kept.map(({ id }) => toDigestBytes(id))),
    encodeByteaArray(kept.map(({ bytes }) => bytes)),
  ];
}
