import type { RunId } from "../../model/index.ts";
import { runStates, type RunState } from "../../model/run-states.ts";
import { isTerminal } from "../../model/state-table.ts";
import { requireId, requireWhole } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { TraceKey, TraceRows, TraceRunMark } from "../../ports/trace-rows.ts";
import { asked, type Database } from "./database.ts";
import { createReadRows } from "./read-rows.ts";
import { runStateNumbers } from "./run-state-numbers.ts";

const take = `insert into countersign.trace_marks as m (tenant, destination, owner, until, since)
  values ($1, $2, $3, $5, $4)
  on conflict (tenant, destination) do update set owner = $3, until = $5
    where m.owner is null or m.owner = $3 or m.until <= $4
  returning since, entries::text as entries`;

const isOwned = `exists (select 1 from countersign.trace_marks
  where tenant = $1 and destination = $2 and owner = $3)`;

const moveEntries = `update countersign.trace_marks set entries = $4
  where tenant = $1 and destination = $2 and owner = $3`;

const moveSince = `update countersign.trace_marks set since = $4
  where tenant = $1 and destination = $2 and owner = $3`;

/** What is left of trees of which every run is over, or gone. */
const forget = `delete from countersign.trace_runs t
  where t.tenant = $1 and t.destination = $2 and ${isOwned} and t.root not in (
    select k.root from countersign.trace_runs k join countersign.runs r on r.run_id = k.run_id
    where k.tenant = $1 and k.destination = $2 and (not r.ended or r.ended_at >= $4))`;

/** Each half has an index of its own. */
const listDue = `select d.run_id, d.head from (
    select run_id, head from countersign.runs 
      where tenant = $1 and state = any($3::smallint[]) and not ended
    union all
    select run_id, head from countersign.runs
      where ended_at >= $4 and tenant = $1 and ended
  ) d left join countersign.trace_runs t
    on t.tenant = $1 and t.destination = $2 and t.run_id = d.run_id
  where coalesce(t.seen, 0) < d.head and ($6::uuid is null or d.run_id > $6)
  order by d.run_id limit $5`;

const noteRun = `insert into countersign.trace_runs as t (tenant, destination, run_id, root, seen, sent)
  select $1, $2, $4, $5, $6, $7 where ${isOwned}
  on conflict (tenant, destination, run_id) do update set
    seen = greatest(t.seen, excluded.seen), sent = greatest(t.sent, excluded.sent)`;

const leave = `update countersign.trace_marks set owner = null
  where tenant = $1 and destination = $2 and owner = $3`;

const sweep = `with gone as (
    delete from countersign.trace_marks where until < $1 returning tenant, destination
  ), runs as (
    delete from countersign.trace_runs t using gone
    where t.tenant = gone.tenant and t.destination = gone.destination
  ) select tenant from gone`;

const states = Object.entries(runStateNumbers) as readonly [RunState, number][];
const openStates = states.flatMap(([state, number]) =>
  isTerminal(runStates, state) ? [] : number,
);

export function createPostgresTraces({ pool }: Pick<Database, "pool">): TraceRows {
  const read = createReadRows(pool);
  const toValues = ({ tenant, destination, owner }: TraceKey) => [tenant, destination, owner];
  const change = async (text: string, values: readonly unknown[]): Promise<boolean> =>
    ((await asked(pool.query(text, [...values]))).rowCount ?? 0) > 0;
  return {
    async take({ nowMs, untilMs, ...key }) {
      requireWhole("nowMs", nowMs);
      requireWhole("untilMs", untilMs);
      const values = [...toValues(key), nowMs, untilMs];
      const [row] = await read<MarkRow>("take_trace", take, values);
      if (row === undefined) return null;
      return { sinceMs: row.since, entries: row.entries === null ? null : BigInt(row.entries) };
    },
    moveEntries: (key, cursor) => change(moveEntries, [...toValues(key), cursor.toString()]),
    async moveSince(key, sinceMs) {
      requireWhole("sinceMs", sinceMs);
      const isMoved = await change(moveSince, [...toValues(key), sinceMs]);
      if (isMoved) await change(forget, [...toValues(key), sinceMs]);
      return isMoved;
    },
    async listDue({ tenant, destination }, { sinceMs, after, limit }) {
      requireWhole("sinceMs", sinceMs);
      const most = Math.min(limit, storeLimits.rowsPerPage);
      const values = [tenant, destination, openStates, sinceMs, most, after];
      const rows = await read<{ run_id: string; head: number }>("due_traces", listDue, values);
      return rows.map(({ run_id, head }) => ({ run: run_id as RunId, head }));
    },
    async readRuns({ tenant, destination }, runs) {
      const rows = await read<RunMarkRow>(
        "read_trace_runs",
        `select run_id, root, seen, sent from countersign.trace_runs
         where tenant = $1 and destination = $2 and run_id = any($3::uuid[])`,
        [tenant, destination, runs],
      );
      return rows.map(toRunMark);
    },
    async noteRun(key, { run, root, seen, sent }) {
      requireId("run", run);
      requireId("root", root);
      return change(noteRun, [...toValues(key), run, root, seen, sent]);
    },
    async leave(key) {
      await change(leave, toValues(key));
    },
    async sweep(beforeMs) {
      requireWhole("beforeMs", beforeMs);
      return (await read("sweep_traces", sweep, [beforeMs])).length;
    },
  };
}

interface MarkRow {
  readonly since: number;
  readonly entries: string | null;
}
interface RunMarkRow {
  readonly run_id: string;
  readonly root: string;
  readonly seen: number;
  readonly sent: number;
}

function toRunMark({ run_id, root, seen, sent }: RunMarkRow): TraceRunMark {
  return { run: run_id as RunId, root: root as RunId, seen, sent };
}
