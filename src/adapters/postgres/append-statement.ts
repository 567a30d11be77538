import type pg from "pg";
import type { EntryId } from "../../model/index.ts";
import type { CallKey } from "../../ports/call-rows.ts";
import type { EntryRow } from "../../ports/entry-rows.ts";
import type { Cost } from "../../ports/cost-rows.ts";
import type { RunBlob } from "../../ports/run-rows.ts";
import type { Append } from "../../ports/store.ts";
import {
  changesWake,
  endsRun,
  one,
  oneWithCosts,
  oneWithMore,
  statements,
  stateShift,
} from "./append-text.ts";
import { toCallValues } from "./call-statement.ts";
import { toDigestBytes } from "./digest-bytes.ts";
import { runStateNumbers } from "./run-state-numbers.ts";
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
  /** Not fenced, but another call has the key: they left no trace, either. */
  readonly keyless: ReadonlySet<Unit>;
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
    return { winners: isWinner ? new Set(batch) : new Set(), late: none, keyless: new Set() };
  }
  const { rows } = await executor.query(toStatement(batch));
  return {
    winners: toWinners(batch, rows[0]?.[0]),
    late: toLate(rows[0]?.[1]),
    keyless: new Set(toUnits(batch, rows[0]?.[2])),
  };
}

function toStatement(batch: readonly Written[]): pg.QueryArrayConfig {
  const appends = batch.some((unit) => unit.append !== undefined);
  const more = batch.some(bringsMore);
  const entries = batch.flatMap((unit) => unit.entries);
  const calls = entries.some(({ opens, ends }) => opens !== undefined || ends !== undefined);
  const keys = appends ? toKeys(batch) : [];
  const values = [
    ...(appends ? toAppendValues(batch) : []),
    ...(more ? toMoreValues(batch) : []),
    ...(entries.length > 0 ? toEntryValues(batch) : []),
    ...(calls ? toCallValues(entries) : []),
    ...(keys.length > 0 ? toKeyValues(keys) : []),
  ];
  const ofEntries = calls ? "calls" : entries.length > 0 ? "entries" : "nothing";
  const beside = keys.length > 0 ? "keys" : ofEntries;
  const { name, text } = statements[more ? "more" : appends ? "append" : "alone"][beside];
  return prepared(name, text, values);
}

async function executeOne(executor: Executor, unit: Written): Promise<boolean> {
  const append = unit.append!;
  const { blobs = [], folded = null, costs = [] } = append;
  const more = bringsMore(unit);
  const { name, text } = costs.length > 0 ? oneWithCosts : more ? oneWithMore : one;
  const { rows } = await executor.query(
    prepared(name, text, [
      encodeUuid(append.run),
      encodeInt8(append.epoch),
      encodeInt8(append.head),
      append.events.length,
      toFlags(unit),
      toWakeAt(unit),
      encodeInt8(unit.token),
      encodeByteaArray(append.events),
      ...(more
        ? [
            encodeIds(blobs),
            encodeByteaArray(blobs.map(({ bytes }) => bytes)),
            folded,
            ...toGistValues([unit]),
          ]
        : []),
      ...(costs.length > 0 ? toCostValues(costs) : []),
    ]),
  );
  return rows[0]?.[0] === 1;
}

function prepared(name: string, text: string, values: unknown[]): pg.QueryArrayConfig {
  return { name, text, values, rowMode: "array" };
}

/** Plain appends keep to the lean statement. */
function bringsMore({ append }: Written): boolean {
  if (append === undefined) return false;
  const { folded, gist, blobs = [], costs = [] } = append;
  return folded !== undefined || gist !== undefined || blobs.length > 0 || costs.length > 0;
}

function toFlags({ append }: Written): number {
  const { ended = false, wakeAtMs, state } = append!;
  const wake = wakeAtMs !== undefined || ended;
  const number = state === undefined ? 0 : runStateNumbers[state];
  return (wake ? changesWake : 0) | (ended ? endsRun : 0) | (number << stateShift);
}

/** Nothing wakes a run that has ended: there it says when that was. */
function toWakeAt({ append }: Written): number | null {
  return (append!.ended === true ? append!.endedAtMs : append!.wakeAtMs) ?? null;
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

/** One row an event, and the blobs of all: `first` and `last` are the places of a unit's, from 1. */
function toMoreValues(batch: readonly Written[]): unknown[] {
  const blobs: RunBlob[] = [];
  const folded: (number | null)[] = [];
  const firsts: number[] = [];
  const lasts: number[] = [];
  for (const { append } of batch) {
    if (append === undefined) continue;
    const first = blobs.length + 1;
    blobs.push(...(append.blobs ?? []));
    for (let place = 0; place < append.events.length; place += 1) {
      folded.push(append.folded ?? null);
      firsts.push(first);
      lasts.push(blobs.length);
    }
  }
  return [
    encodeInt8Array(folded),
    encodeInt4Array(firsts),
    encodeInt4Array(lasts),
    encodeIds(blobs),
    encodeByteaArray(blobs.map(({ bytes }) => bytes)),
    ...toGistValues(batch),
    ...toAllCostValues(batch),
  ];
}

/**
 * One of each unit; -1 leaves what was said before, and an empty text is no reason. Without a null
 * Postgres finds an element of such an array without looking at those before it.
 */
function toGistValues(batch: readonly Written[]): unknown[] {
  const gists = batch.map(({ append }) => append?.gist ?? null);
  return [
    encodeInt8Array(gists.map((each) => each?.steps ?? -1)),
    encodeTextArray(gists.map((each) => each?.why ?? "")),
    encodeInt8Array(gists.map((each) => each?.micros ?? -1)),
    encodeInt8Array(gists.map((each) => each?.tokens ?? -1)),
  ];
}

/** Of each unit the places of its first and its last, from 1, and the costs of all. */
function toAllCostValues(batch: readonly Written[]): unknown[] {
  const all: Cost[] = [];
  const firsts: number[] = [];
  const lasts: number[] = [];
  for (const { append } of batch) {
    firsts.push(all.length + 1);
    all.push(...(append?.costs ?? []));
    lasts.push(all.length);
  }
  return [encodeInt4Array(firsts), encodeInt4Array(lasts), ...toCostValues(all)];
}

function toCostValues(costs: readonly Cost[]): unknown[] {
  return [
    encodeInt4Array(costs.map(({ day }) => day)),
    encodeTextArray(costs.map(({ kind }) => kind)),
    encodeTextArray(costs.map(({ name }) => name ?? "")),
    encodeInt8Array(costs.map(({ micros }) => micros)),
    encodeInt8Array(costs.map(({ tokens }) => tokens)),
  ];
}

function encodeIds(blobs: readonly RunBlob[]): Buffer {
  return encodeByteaArray(blobs.map(({ id }) => toDigestBytes(id)));
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

interface Claim {
  readonly unit: number;
  readonly call: EntryId;
  readonly tenant: string;
  readonly atMs: number;
  readonly key: CallKey;
}

/** Of units with an append: where there is none, a transaction has claimed it before. */
function toKeys(batch: readonly Written[]): readonly Claim[] {
  return batch.flatMap(({ append, entries }, index) =>
    append === undefined
      ? []
      : entries.flatMap(({ id, tenant, opens }) => {
          const key = opens?.key ?? null;
          if (key === null) return [];
          return [{ unit: index + 1, call: id, tenant, atMs: opens!.atMs, key }];
        }),
  );
}

/** A key that ran out since the first of them was made is free for the next batch. */
function toKeyValues(keys: readonly Claim[]): unknown[] {
  return [
    encodeInt4Array(keys.map(({ unit }) => unit)),
    encodeTextArray(keys.map(({ tenant }) => tenant)),
    encodeByteaArray(keys.map(({ key }) => toDigestBytes(key.hash))),
    encodeByteaArray(keys.map(({ key }) => toDigestBytes(key.fingerprint))),
    encodeUuidArray(keys.map(({ call }) => call)),
    encodeInt8Array(keys.map(({ key }) => key.expiresAtMs)),
    encodeInt8(Math.min(...keys.map(({ atMs }) => atMs))),
  ];
}

function toWinners<Unit extends Written>(
  batch: readonly Unit[],
  places: unknown,
): ReadonlySet<Unit> {
  // The statement names (run, sequence) by the unit's place: there is one append a run in it.
  const winners = new Set(batch.filter((unit) => unit.append === undefined));
  for (const unit of toUnits(batch, places)) winners.add(unit);
  return winners;
}

function toUnits<Unit>(batch: readonly Unit[], places: unknown): readonly Unit[] {
  if (typeof places !== "string") return [];
  return places.split(",").map((place) => batch[Number(place) - 1]!);
}

function toLate(ids: unknown): ReadonlySet<string> {
  return typeof ids === "string" ? new Set(ids.split(",")) : none;
}

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
