import { lateEntries, toCallTables } from "./call-statement.ts";

/** What an append's flags say, beside the number of its state. */
export const changesWake = 1;
export const endsRun = 2;
/** The number of the state lies above the flags; 0 leaves what was said before. */
export const stateShift = 8;

/** An ended run has no timer: the number in its place is when it ended. */
function toChanges(flags: string, wake: string): string {
  return `wake_at = case when ${flags} & ${changesWake} = 0 then r.wake_at
                     when ${flags} & ${endsRun} = 0 then ${wake} end,
        ended = ${flags} & ${endsRun} <> 0,
        ended_at = case when ${flags} & ${endsRun} <> 0 then ${wake} end,
        state = case when ${flags} >> ${stateShift} = 0 then r.state
                     else (${flags} >> ${stateShift})::int2 end`;
}

/** Arrays with one value of each unit: which of them, `unit` says. */
function toGist(first: number, unit: string): string {
  const at = (place: number, type: string): string => `($${first + place}::${type}[])[${unit}]`;
  const orElse = (said: string, before: string): string =>
    `case when ${at(0, "int8")} < 0 then r.${before} else ${said} end`;
  return `steps = ${orElse(at(0, "int8"), "steps")},
        why = ${orElse(`nullif(${at(1, "text")}, '')`, "why")},
        micros = ${orElse(at(2, "int8"), "micros")},
        tokens = ${orElse(at(3, "int8"), "tokens")}`;
}

interface CostText {
  readonly last: string;
  /** The values of one unit. */
  readonly slice: (place: number, type: string) => string;
}

/** Rows of one run are written by whoever has it locked: nobody waits for another's. */
function toCosts({ last, slice }: CostText): string {
  return `costed as (
    insert into countersign.costs as k
      (of, is_run, tenant, day, kind, name, agent, subject, micros, tokens)
    select w.run_id, true, w.tenant, c.day, c.kind, c.name, w.agent, w.subject, c.micros, c.tokens
    from won w cross join lateral
      unnest(${slice(0, "int4")}, ${slice(1, "text")}, ${slice(2, "text")},
             ${slice(3, "int8")}, ${slice(4, "int8")})
        as c(day, kind, name, micros, tokens)
    where ${last}
    on conflict (of, day, kind, name) do update
      set micros = k.micros + excluded.micros, tokens = k.tokens + excluded.tokens
  )`;
}

const columns = "run, epoch, head, unit, place, last, flags, wake, token, payload";
const arrays = `$1::uuid[], $2::int8[], $3::int8[], $4::int4[], $5::int4[], $6::int4[],
                         $7::int4[], $8::int8[], $9::int8[], $10::bytea[]`;
const moreColumns = "folded, first_blob, last_blob";
const moreArrays = "$11::int8[], $12::int4[], $13::int4[]";

// Without the ordered lock, two statements that hold the same runs in opposite order deadlock.
// A row that another statement changed meanwhile is looked at again once it is locked, so the
// fence is on what is committed. All events of a unit join the same row: they win or lose together.
function toAppendTables(more: boolean, claims: string | null = null): string {
  return `
  inp as (
    select * from unnest(${more ? `${arrays}, ${moreArrays}` : arrays})
      as x(${more ? `${columns}, ${moreColumns}` : columns})
  ),
  ${claims === null ? "won" : "fenced"} as (
    select r.run_id, r.tenant, x.head + x.place as seq, x.unit, x.place, x.last, x.flags, x.wake,
           x.token, x.payload${more ? ", x.folded, x.first_blob, x.last_blob, r.agent, r.subject" : ""}
    from countersign.runs r
      join inp x on r.run_id = x.run and r.epoch = x.epoch and r.head = x.head
    where not r.ended
    order by r.run_id
    for update of r
  ),${claims ?? ""}
  moved as (
    update countersign.runs r
    set head = w.seq,
        ${toChanges("w.flags", "w.wake")}${
          more
            ? `,
        ${toGist(16, "w.unit")}`
            : ""
        }
    from won w
    where r.run_id = w.run_id and w.place = w.last
  ),
  logged as (
    insert into countersign.events (run_id, seq, tenant, token, payload)
    select run_id, seq, tenant, token, payload from won
  )${more ? moreTables : ""}`;
}

// A unit takes its part of the blobs by where they lie: a join would look at all for each.
const moreTables = `,
  kept as (
    insert into countersign.run_blobs (run_id, tenant, id, bytes)
    select w.run_id, w.tenant, b.id, b.bytes
    from won w cross join lateral
      unnest(($14::bytea[])[w.first_blob:w.last_blob], ($15::bytea[])[w.first_blob:w.last_blob])
        as b(id, bytes)
    where w.place = w.last
    on conflict do nothing
  ),
  ${toCosts({
    // Most units have none, and nothing is unpacked for them.
    last: "w.place = w.last and ($20::int4[])[w.unit] <= ($21::int4[])[w.unit]",
    slice: (place, type) =>
      `($${22 + place}::${type}[])[($20::int4[])[w.unit]:($21::int4[])[w.unit]]`,
  })},
  read as (
    delete from countersign.run_letters l using won w
    where w.place = w.last and w.folded is not null
      and l.run_id = w.run_id and l.seq <= w.folded
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

/**
 * Keys are claimed once the runs are locked, in their own order, and by units that are not fenced: one
 * that does not get its key leaves no trace, as one that is fenced. Each unit has one at most, so none
 * keeps a key that it has no use for. Of two that want the same one in one batch the first has it.
 */
function toClaims(first: number): string {
  const at = (place: number, type: string): string => `$${first + place}::${type}`;
  return `
  asked as (
    select * from unnest(${at(0, "int4[]")}, ${at(1, "text[]")}, ${at(2, "bytea[]")},
                         ${at(3, "bytea[]")}, ${at(4, "uuid[]")}, ${at(5, "int8[]")})
      as a(unit, tenant, hash, fingerprint, call, expires_at)
  ),
  claimed as (
    insert into countersign.call_keys as k (tenant, hash, fingerprint, call, expires_at)
    select distinct on (a.tenant, a.hash) a.tenant, a.hash, a.fingerprint, a.call, a.expires_at
    from asked a where a.unit in (select unit from fenced)
    order by a.tenant, a.hash, a.unit
    on conflict (tenant, hash) do update
      set fingerprint = excluded.fingerprint, call = excluded.call, expires_at = excluded.expires_at
      where k.call = excluded.call or k.expires_at <= ${at(6, "int8")}
        or (k.fingerprint = excluded.fingerprint and exists (
             select 1 from countersign.calls c
             where c.id = k.call and c.tenant = k.tenant and c.state = 'failed'))
    returning k.call
  ),
  won as (
    select * from fenced where unit not in (
      select a.unit from asked a where a.call not in (select call from claimed))
  ),`;
}

/** Units that were not fenced, and whose key another call has. */
const keylessUnits = `(select string_agg(unit::text, ',') from fenced
    where place = last and unit not in (select unit from won))`;

const winningUnits = "select string_agg(unit::text, ',') from won where place = last";
const ofWinners = "e.unit = 0 or e.unit in (select unit from won)";
const ofNobody = "e.unit = 0";

/** What `toCallTables` takes. */
const callArrays = 16;

interface Statement {
  readonly name: string;
  readonly text: string;
}

/** By what the batch appends, and what else it writes. */
export const statements: Readonly<
  Record<
    "append" | "more" | "alone",
    Readonly<Record<"nothing" | "entries" | "calls" | "keys", Statement>>
  >
> = {
  append: toAppendStatements({ name: "append", more: false, next: 11 }),
  more: toAppendStatements({ name: "append_more", more: true, next: 27 }),
  alone: {
    nothing: { name: "nothing", text: "select null" },
    entries: { name: "entries_alone", text: toEntryInsert(1, ofNobody) },
    calls: {
      name: "entries_with_calls",
      text: `with ${toCallTables(1, ofNobody)} select null, ${lateEntries}`,
    },
    // Without an append a key is claimed in a transaction of its own.
    keys: { name: "nothing", text: "select null" },
  },
};

function toAppendStatements(of: { name: string; more: boolean; next: number }) {
  const { name, more, next } = of;
  const tables = toAppendTables(more);
  const keyed = toAppendTables(more, toClaims(next + callArrays));
  return {
    nothing: { name: `${name}_many`, text: `with ${tables} ${winningUnits}` },
    entries: {
      name: `${name}_with_entries`,
      text: `with ${tables}, noted as (${toEntryInsert(next, ofWinners)}) ${winningUnits}`,
    },
    calls: {
      name: `${name}_with_calls`,
      text: `with ${tables}, ${toCallTables(next, ofWinners)}
        select (${winningUnits}), ${lateEntries}`,
    },
    keys: {
      name: `${name}_with_keys`,
      text: `with ${keyed}, ${toCallTables(next, ofWinners)}
        select (${winningUnits}), ${lateEntries}, ${keylessUnits}`,
    },
  };
}

/**
 * One run alone: Postgres prunes to the one partition when it starts, where the merged form opens
 * them all. That is a third of the latency with a year of partitions.
 */
function toOne(changes: string, more: string): string {
  return `with won as (
    update countersign.runs r
    set head = r.head + $4::int4,
        ${toChanges("$5::int4", "$6::int8")}${changes}
    where run_id = $1::uuid and epoch = $2::int8 and head = $3::int8 and not ended
    returning run_id, tenant, agent, subject
  ),
  logged as (
    insert into countersign.events (run_id, seq, tenant, token, payload)
    select w.run_id, $3::int8 + e.place, w.tenant, $7::int8, e.payload
    from won w, unnest($8::bytea[]) with ordinality as e(payload, place)
  )${more}
  select count(*)::int4 from won`;
}

export const one: Statement = { name: "append_one", text: toOne("", "") };

const costsOfOne = toCosts({
  last: "true",
  slice: (place, type) => `$${16 + place}::${type}[]`,
});

export const oneWithMore: Statement = { name: "append_one_more", text: toOneWithMore("") };

/** Apart: to open a table and its indexes takes longer than an append that has nothing for it. */
export const oneWithCosts: Statement = {
  name: "append_one_costs",
  text: toOneWithMore(`,
  ${costsOfOne}`),
};

function toOneWithMore(costs: string): string {
  return toOne(
    `,
        ${toGist(12, "1")}`,
    `${costs},
  kept as (
    insert into countersign.run_blobs (run_id, tenant, id, bytes)
    select w.run_id, w.tenant, b.id, b.bytes
    from won w, unnest($9::bytea[], $10::bytea[]) as b(id, bytes)
    on conflict do nothing
  ),
  read as (
    delete from countersign.run_letters l
    where l.run_id = $1::uuid and l.seq <= $11::int8 and exists (select from won)
  )`,
  );
}
