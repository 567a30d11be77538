import type { EntryRow } from "../../ports/entry-rows.ts";
import {
  encodeByteaArray,
  encodeInt4Array,
  encodeInt8Array,
  encodeTextArray,
  encodeUuidArray,
} from "./binary-array.ts";
import { toDigestBytes } from "./digest-bytes.ts";

const opens = 1;
const ends = 2;
const nothing = new Uint8Array();

/** One row an entry, in their order; what a row does not have is empty. */
export function toCallValues(entries: readonly EntryRow[]): unknown[] {
  const drafts = entries.map((entry) => entry.opens);
  const endings = entries.map((entry) => entry.ends);
  return [
    encodeInt4Array(
      entries.map((entry) =>
        entry.opens !== undefined ? opens : entry.ends !== undefined ? ends : 0,
      ),
    ),
    // The call that is ended; of one that is opened the run that it belongs to.
    encodeUuidArray(entries.map((entry) => entry.ends?.call ?? entry.opens?.run ?? null)),
    encodeTextArray(drafts.map((draft) => draft?.subject ?? "")),
    encodeTextArray(drafts.map((draft) => draft?.server ?? "")),
    encodeTextArray(drafts.map((draft) => draft?.tool ?? "")),
    encodeByteaArray(drafts.map((draft) => (draft ? toDigestBytes(draft.intent) : nothing))),
    encodeUuidArray(drafts.map((draft) => draft?.approval ?? null)),
    encodeTextArray(endings.map((ending) => ending?.to ?? "")),
    encodeTextArray(endings.map((ending) => ending?.from ?? "")),
    encodeInt8Array(
      entries.map(
        ({ opens: draft, ends: ending }) => draft?.notAfterMs ?? ending?.notAfterMs ?? null,
      ),
    ),
    encodeInt8Array(drafts.map((draft) => draft?.atMs ?? null)),
    encodeByteaArray(entries.map((entry) => entry.opens?.opening ?? entry.ends?.result ?? nothing)),
  ];
}

/**
 * Entries with the calls that they open and end. An entry that ends a call is written only if the call
 * was still where it says: whatever two replicas believe, a call has one outcome.
 */
export function toCallTables(first: number, condition: string): string {
  const at = (place: number, type: string): string => `$${first + place}::${type}[]`;
  const arrays = [
    "uuid",
    "text",
    "bytea",
    "int4",
    "int4",
    "uuid",
    "text",
    "text",
    "text",
    "bytea",
    "uuid",
    "text",
    "text",
    "int8",
    "int8",
    "bytea",
  ].map((type, place) => at(place, type));
  return `given as (
    select * from unnest(${arrays.join(", ")})
      as e(id, tenant, bytes, unit, move, of, subject, server, tool, intent, approval, state,
           previous, not_after, at, kept)
    where ${condition}
  ),
  opened as (
    insert into countersign.calls
      (id, tenant, run_id, subject, server, tool, intent, approval, state, not_after, created_at,
       opening)
    select id, tenant, of, subject, server, nullif(tool, ''), intent, approval, 'open', not_after, at,
           nullif(kept, ''::bytea)
    from given where move = ${opens}
  ),
  ended as (
    update countersign.calls c
    set state = e.state,
        outcome = case when e.previous = 'open' then e.id else c.outcome end,
        resolution = case when e.previous = 'unknown' then e.id end,
        result = nullif(e.kept, ''::bytea)
    from given e
    where e.move = ${ends} and c.id = e.of and c.tenant = e.tenant and c.state = e.previous
      and (e.not_after is null or c.not_after = e.not_after)
    returning e.id
  ),
  noted as (
    insert into countersign.entries (cursor, id, tenant, bytes)
    select case when t.xid is not null then nextval('countersign.entries_cursor') end,
           e.id, e.tenant, e.bytes
    from (select pg_current_xact_id() as xid offset 0) t, given e
    where e.move <> ${ends} or e.id in (select id from ended)
  )`;
}

/** What was left out. */
export const lateEntries = `(select string_agg(e.id::text, ',') from given e
    where e.move = ${ends} and e.id not in (select id from ended))`;
