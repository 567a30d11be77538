import type { Digest, RunId } from "../../model/index.ts";
import { requireId, requireWhole } from "../../ports/storable.ts";
import type { Touches, Touching, TouchRow } from "../../ports/touches.ts";
import { asked, type Database } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";

interface Row {
  readonly key: Buffer;
  readonly changed_at: number | null;
  readonly changed_run: string | null;
  readonly open_by: string | null;
  readonly open_run: string | null;
  readonly open_until: number | null;
}

const columns = "key, changed_at, changed_run, open_by, open_run, open_until";

/** Keys in one order, so that two that want the same ones do not wait for each other. */
const beginTouch = {
  name: "begin_touch",
  text: `insert into countersign.touches as t (tenant, key, open_by, open_run, open_until, open_hold)
    select $1, k, $3, $4::uuid, $5, $7 from unnest($2::bytea[]) as k order by k
    on conflict (tenant, key) do update set
      changed_at = greatest(t.changed_at, t.open_until),
      changed_run = case when t.open_by is null or t.open_until < t.changed_at then t.changed_run
        else t.open_run end,
      open_by = $3, open_run = $4::uuid, open_until = $5, open_hold = $7
    where t.open_by is null or t.open_by = $3 or t.open_until <= $6
    returning key`,
};

const readTouches = {
  name: "read_touches",
  text: `select ${columns} from countersign.touches where tenant = $1 and key = any($2::bytea[])`,
};

/** Whoever changes several rows locks them in that same order first. */
const mine = `(select key from countersign.touches
      where tenant = $1 and key = any($2::bytea[]) and open_hold = $3 order by key for update) as mine`;

const prolongTouch = {
  name: "prolong_touch",
  text: `update countersign.touches as t set open_until = greatest(t.open_until, $4) from ${mine}
    where t.tenant = $1 and t.key = mine.key and t.open_hold = $3`,
};

/** A row that was swept or taken meanwhile is told of the change all the same. */
const endTouch = {
  name: "end_touch",
  text: `insert into countersign.touches as t (tenant, key, changed_at, changed_run)
    select $1, k, $4::bigint, $5::uuid from unnest($2::bytea[]) as k order by k
    on conflict (tenant, key) do update set
      changed_run = case when excluded.changed_at < t.changed_at then t.changed_run
        else excluded.changed_run end,
      changed_at = greatest(t.changed_at, excluded.changed_at),
      open_by = case when t.open_hold = $3 then null else t.open_by end,
      open_run = case when t.open_hold = $3 then null else t.open_run end,
      open_until = case when t.open_hold = $3 then null else t.open_until end,
      open_hold = case when t.open_hold = $3 then null else t.open_hold end`,
};

const leaveTouch = {
  name: "leave_touch",
  text: `update countersign.touches as t
    set open_by = null, open_run = null, open_until = null, open_hold = null from ${mine}
    where t.tenant = $1 and t.key = mine.key and t.open_hold = $3`,
};

/** One that a call locks now is not old: it is passed over, and nobody waits. */
const sweepTouches = {
  name: "sweep_touches",
  text: `delete from countersign.touches where ctid in (
      select ctid from countersign.touches
      where greatest(coalesce(changed_at, 0), coalesce(open_until, 0)) < $1
      limit $2 for update skip locked
    ) and greatest(coalesce(changed_at, 0), coalesce(open_until, 0)) < $1`,
};

export function createPostgresTouches({ pool }: Pick<Database, "pool">): Touches {
  async function read(tenant: string, keys: readonly Digest[]): Promise<readonly TouchRow[]> {
    const values = [tenant, toBytes(keys)];
    const { rows } = await asked(pool.query<Row>({ ...readTouches, values }));
    return rows.map(toTouchRow);
  }

  async function leave({ tenant, keys, hold }: Pick<Touching, "tenant" | "keys" | "hold">) {
    await asked(pool.query({ ...leaveTouch, values: [tenant, toBytes(keys), hold] }));
  }

  return {
    async begin(touching) {
      const { tenant, keys, by, hold, run, untilMs, nowMs } = touching;
      if (run !== null) requireId("run", run);
      requireWhole("untilMs", untilMs);
      const values = [tenant, toBytes(keys), by, run, untilMs, nowMs, hold];
      const { rows } = await asked(pool.query<Pick<Row, "key">>({ ...beginTouch, values }));
      if (rows.length === keys.length) return "begun";
      const got = new Set(rows.map(({ key }) => fromDigestBytes(key)));
      // What it did get is given back: all or none.
      await leave({ tenant, keys: keys.filter((key) => got.has(key)), hold });
      const known = await read(tenant, keys);
      const taken = known.find(({ open }) => open !== null && open.by !== by);
      // Whoever had it has just ended: asked again, it is had.
      const missed = keys.find((key) => !got.has(key))!;
      return taken ?? { key: missed, changed: null, open: { by: "", run: null, untilMs: nowMs } };
    },
    async prolong({ tenant, keys, hold }, untilMs) {
      requireWhole("untilMs", untilMs);
      await asked(pool.query({ ...prolongTouch, values: [tenant, toBytes(keys), hold, untilMs] }));
    },
    async end(touching, changedAtMs) {
      if (changedAtMs === null) return leave(touching);
      const { tenant, keys, hold, run } = touching;
      const values = [tenant, toBytes(keys), hold, changedAtMs, run];
      await asked(pool.query({ ...endTouch, values }));
    },
    read,
    async sweep(beforeMs, limit) {
      const { rowCount } = await asked(pool.query({ ...sweepTouches, values: [beforeMs, limit] }));
      return rowCount ?? 0;
    },
  };
}

const toBytes = (keys: readonly Digest[]): readonly Buffer[] => keys.map(toDigestBytes);

function toTouchRow(row: Row): TouchRow {
  const { key, changed_at: atMs, changed_run, open_by: by, open_run, open_until } = row;
  return {
    key: fromDigestBytes(key),
    changed: atMs === null ? null : { atMs, run: changed_run as RunId | null },
    open: by === null ? null : { by, run: open_run as RunId | null, untilMs: open_until! },
  };
}
