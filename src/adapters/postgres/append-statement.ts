import type pg from "pg";
import { lateEntries, toCallTables, toCallValues } from "./call-statement.ts";
import type { EntryRow } from "../../ports/entry-rows.ts";
import type { Append } from "../../ports/store.ts";
import {
  encodeByteaArray,
  encodeInt4Array,
  encodeInt8,
  encodeInt8Array,
  encodeTextArray,
  encodeUuid,
  encodeUuidArray,
} from "./binary-array.ts";

/** A connection or a transaction that can run one prepared statement. */
export interface Executor {
  query(config: pg.QueryArrayConfig): Promise<{ readonly rows: unknown[][] }>;
}

/** What of a unit is written by one statement. */
export interface Written {
  readonly append: Append | undefined;
  readonly entries: readonly EntryRow[];
  readonly token: bigint;
}

export interface BatchOutcome<Unit> {
  /** The others were fenced and left no trace, their entries included. */
  readonly winners: ReadonlySet<Unit>;
  /** Entries that were left out, since their call had ended before. */
  readonly late: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

/** Writes the batch in one statement, which is one transaction. */
export async function executeBatch<Unit extends Written>(
  executor: Executor,
  batch: readonly Unit[],
): Promise<BatchOutcome<Unit>> {
  const only = batch.length === 1 ? batch[0] : undefined;
  if (only !== undefined && only.append !== undefined && only.entries.length === 0) {
    const isWinner = await executeOne(executor, only);
    return { winners: isWinner ? new Set(batch) : new Set(), late: none };
  }
  const { rows } = await executor.query(toStatement(batch));
  return { winners: toWinners(batch, rows[0]?.[0]), late: toLate(rows[0]?.[1]) };
}

function toStatement(batch: readonly Written[]): pg.QueryArrayConfig {
  const appends = batch.some((unit) => unit.append !== undefined);
  const entries = batch.flatMap((unit) => unit.entries);
  const calls = entries.some(({ opens, ends }) => opens !== undefined || ends !== undefined);
  const values = [
    ...(appends ? toAppendValues(batch) : []),
    ...(entries.length > 0 ? toEntryValues(batch) : []),
    ...(calls ? toCallValues(entries) : []),
  ];
  if (appends && calls) return prepared("append_with_calls", appendWithCalls, values);
  if (appends && entries.length > 0) return prepared("append_with_entries", both, values);
  if (appends) return prepared("append_many", many, values);
  if (calls) return prepared("entries_with_calls", entriesWithCalls, values);
  return prepared("entries_alone", entriesAlone, values);
}

/**
 * One run alone: Postgres prunes to the one partition when it starts, where the merged form opens
 * them all. That is a third of the latency with a year of partitions.
 */
async function executeOne(executor: Executor, unit: Written): Promise<boolean> {
  const append = unit.append!;
  const { rows } = await executor.query(
    prepared("append_one", one, [
      encodeUuid(append.run),
      encodeInt8(append.epoch),
      encodeInt8(append.head),
      append.events.length,
      toFlags(unit),
      toWakeAt(unit),
      encodeInt8(unit.token),
      encodeByteaArray(append.events),
    ]),
  );
  return rows[0]?.[0] === 1;
}

function prepared(name: string, text: string, values: unknown[]): pg.QueryArrayConfig {
  return { name, text, values, rowMode: "array" };
}

const changesWake = 1;
const endsRun = 2;

function toFlags({ append }: Written): number {
  const wake = append!.wakeAtMs !== undefined || append!.ended === true;
  return (wake ? changesWake : 0) | (append!.ended === true ? endsRun : 0);
}

/** Nothing wakes a run that has ended. */
function toWakeAt({ append }: Written): number | null {
  return append!.ended === true ? null : (append!.wakeAtMs ?? null);
}

/** One row an event; `unit` is the place in the batch, from 1, and `last` that of its last event. */
function toAppendValues(batch: readonly Written[]): unknown[] {
  const runs: string[] = [];
  const epochs: number[] = [];
  const heads: number[] = [];
  const units: number[] = [];
  const places: number[] = [];
  const lasts: number[] = [];
  const flags: number[] = [];
  const wakes: (number | null)[] = [];
  const tokens: bigint[] = [];
  const payloads: Uint8Array[] = [];
  for (const [index, unit] of batch.entries()) {
    const append = unit.append;
    if (append === undefined) continue;
    const unitFlags = toFlags(unit);
    const wake = toWakeAt(unit);
    for (const [place, payload] of append.events.entries()) {
      runs.push(append.run);
      epochs.push(append.epoch);
      heads.push(append.head);
      units.push(index + 1);
      places.push(place + 1);
      lasts.push(append.events.length);
      flags.push(unitFlags);
      wakes.push(wake);
      tokens.push(unit.token);
      payloads.push(payload);
    }
  }
  return [
    encodeUuidArray(runs),
    encodeInt8Array(epochs),
    encodeInt8Array(heads),
    encodeInt4Array(units),
    encodeInt4Array(places),
    encodeInt4Array(lasts),
    encodeInt4Array(flags),
    encodeInt8Array(wakes),
    encodeInt8Array(tokens),
    encodeByteaArray(payloads),
  ];
}

/** `unit` is 0 for entries that hang on no append. */
function toEntryValues(batch: readonly Written[]): unknown[] {
  const rows = batch.flatMap((unit, index) =>
    unit.entries.map((entry) => ({ entry, unit: unit.append === undefined ? 0 : index + 1 })),
  );
  return [
    encodeUuidArray(rows.map((row) => row.entry.id)),
    encodeTextArray(rows.map((row) => row.entry.tenant)),
    encodeByteaArray(rows.map((row) => row.entry.bytes)),
    encodeInt4Array(rows.map((row) => row.unit)),
  ];
}

function toWinners<Unit extends Written>(
  batch: readonly Unit[],
  places: unknown,
): ReadonlySet<Unit> {
  // The statement names (run, sequence) by the unit's place: there is one append a run in it.
  const winners = new Set(batch.filter((unit) => unit.append === undefined));
  if (typeof places === "string") {
    for (const place of places.split(",")) winners.add(batch[Number(place) - 1]!);
  }
  return winners;
}

function toLate(ids: unknown): ReadonlySet<string> {
  return typeof ids === "string" ? new Set(ids.split(",")) : none;
}

// Without the ordered lock, two statements that hold the same runs in opposite order deadlock.
// A row that another statement changed meanwhile is looked at again once it is locked, so the
// fence is on what is committed. All events of a unit join the same row: they win or lose together.
const appendTables = `
  inp as (
    select * from unnest($1::uuid[], $2::int8[], $3::int8[], $4::int4[], $5::int4[], $6::int4[],
                         $7::int4[], $8::int8[], $9::int8[], $10::bytea[])
      as x(run, epoch, head, unit, place, last, flags, wake, token, payload)
  ),
  won as (
    select r.run_id, r.tenant, x.head + x.place as seq, x.unit, x.place, x.last, x.flags, x.wake,
           x.token, x.payload
    from countersign.runs r
      join inp x on r.run_id = x.run and r.epoch = x.epoch and r.head = x.head
    where not r.ended
    order by r.run_id
    for update of r
  ),
  moved as (
    update countersign.runs r
    set head = w.seq,
        wake_at = case when w.flags & ${changesWake} <> 0 then w.wake else r.wake_at end,
        ended = w.flags & ${endsRun} <> 0
    from won w
    where r.run_id = w.run_id and w.place = w.last
  ),
  logged as (
    insert into countersign.events (run_id, seq, tenant, token, payload)
    select run_id, seq, tenant, token, payload from won
  )`;

/**
 * A cursor is drawn once the transaction has an id: whoever pages the entries relies on it to
 * tell which cursors are settled.
 */
function toEntryInsert(first: number, condition: string): string {
  return `insert into countersign.entries (cursor, id, tenant, bytes)
    select case when t.xid is not null then nextval('countersign.entries_cursor') end,
           e.id, e.tenant, e.bytes
    from (select pg_current_xact_id() as xid offset 0) t,
         unnest($${first}::uuid[], $${first + 1}::text[], $${first + 2}::bytea[], $${first + 3}::int4[])
           as e(id, tenant, bytes, unit)
    where ${condition}`;
}

const winningUnits = "select string_agg(unit::text, ',') from won where place = last";

const many = `with ${appendTables} ${winningUnits}`;

const both = `with ${appendTables},
  noted as (${toEntryInsert(11, "e.unit = 0 or e.unit in (select unit from won)")})
  ${winningUnits}`;

const entriesAlone = toEntryInsert(1, "e.unit = 0");

const entriesWithCalls = `with ${toCallTables(1, "e.unit = 0")} select null, ${lateEntries}`;

const appendWithCalls = `with ${appendTables},
  ${toCallTables(11, "e.unit = 0 or e.unit in (select unit from won)")}
  select (${winningUnits}), ${lateEntries}`;

const one = `with won as (
    update countersign.runs
    set head = head + $4::int4,
        wake_at = case when $5::int4 & ${changesWake} <> 0 then $6::int8 else wake_at end,
        ended = $5::int4 & ${endsRun} <> 0
    where run_id = $1::uuid and epoch = $2::int8 and head = $3::int8 and not ended
    returning run_id, tenant
  ),
  logged as (
    insert into countersign.events (run_id, seq, tenant, token, payload)
    select w.run_id, $3::int8 + e.place, w.tenant, $7::int8, e.payload
    from won w, unnest($8::bytea[]) with ordinality as e(payload, place)
  )
  select count(*)::int4 from won`;

/**
 * The lanes run nothing but these statements. Their plan is made once and must be the index: one
 * made on an empty table would otherwise stay a sequential scan until autovacuum looks.
 */
export const laneSettings = `
  set plan_cache_mode = force_generic_plan;
  set enable_seqscan = off;
  set enable_hashjoin = off;
  set enable_mergejoin = off;
  set jit = off;
  set work_mem = '16MB';`;
