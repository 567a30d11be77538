import type { Digest, RunId, TenantId } from "../../model/index.ts";
import {
  requireDigest,
  requireId,
  requireIdBeginning,
  requireIds,
  toIdRange,
} from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type {
  RunHead,
  RunQuery,
  RunRow,
  Runs,
  StoredEvent,
  StoredLetter,
} from "../../ports/run-rows.ts";
import { encodeUuidArray } from "./binary-array.ts";
import { asked, type Database, type Tables } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";
import { countCompleted, countRuns } from "./count-runs.ts";
import { runStateNumbers, toRunState } from "./run-state-numbers.ts";

const headColumns = [
  "run_id",
  "tenant",
  "epoch",
  "head",
  "priority",
  "wake_at",
  "ended",
  "inbox",
] as const;
const aboutColumns = ["state", "agent", "subject", "parent", "created_at", "ended_at"] as const;
const gistColumns = ["steps", "why", "micros", "tokens"] as const;
const listedColumns = [...aboutColumns, ...gistColumns] as const;

export const selectedHead = headColumns.join(", ");
export interface HeadRow extends Pick<
  Tables["runs"],
  Exclude<(typeof headColumns)[number], "inbox">
> {
  readonly inbox: number;
}
interface ListedRow
  extends HeadRow, Pick<Tables["runs"], Exclude<(typeof listedColumns)[number], "state">> {
  readonly state: number;
}

type Reads = Pick<
  Runs,
  "get" | "heads" | "byKey" | "list" | "count" | "countCompleted" | "read" | "letters" | "listEnded"
>;

export function createRunReads(database: Database): Reads {
  const { tables } = database;
  return {
    get: (run) => readHead(database, run),
    heads: (runs) => readHeads(database, runs),
    async byKey(tenant: TenantId, key: Digest) {
      requireDigest("key", key);
      const row = await asked(
        tables
          .selectFrom("run_keys")
          .select(["run_id", "fingerprint"])
          .where("tenant", "=", tenant)
          .where("hash", "=", toDigestBytes(key))
          .executeTakeFirst(),
      );
      if (row === undefined) return null;
      return { run: row.run_id as RunId, fingerprint: fromDigestBytes(row.fingerprint) };
    },
    list: (tenant, query) => list(database, tenant, query),
    count: (tenant, query) => countRuns(database, tenant, query),
    countCompleted: (tenant, range) => countCompleted(database, tenant, range),
    read: (run, page) => readEvents(database, run, page),
    letters: (run, page) => readLetters(database, run, page),
    listEnded: (beforeMs, limit) => listEnded(database, beforeMs, limit),
  };
}

/** A parent that goes on may not have read how its sub-agent ended. */
async function listEnded(
  { tables }: Database,
  beforeMs: number,
  limit: number,
): Promise<readonly RunId[]> {
  const rows = await asked(
    tables
      .selectFrom("runs")
      .select("run_id")
      .where("ended_at", "<", beforeMs)
      .where((eb) => {
        const above = eb
          .selectFrom("runs as above")
          .select("above.run_id")
          .whereRef("above.run_id", "=", "runs.parent")
          .where("above.ended", "=", false);
        return eb.not(eb.exists(above));
      })
      .orderBy("ended_at")
      .orderBy("run_id")
      .limit(Math.min(limit, storeLimits.rowsPerPage))
      .execute(),
  );
  return rows.map(({ run_id }) => run_id as RunId);
}

// Whoever carries runs on reads these again and again: they are prepared, and planned once.

async function readHead({ readers }: Database, run: RunId): Promise<RunHead | null> {
  requireId("run", run);
  const { rows } = await asked(
    readers.query<HeadRow>({
      name: "read_head",
      text: `select ${selectedHead} from countersign.runs where run_id = $1::uuid`,
      values: [run],
    }),
  );
  return rows[0] === undefined ? null : toRunHead(rows[0]);
}

interface Page {
  readonly after: number;
  readonly limit: number;
}

async function readLetters(
  { readers }: Database,
  run: RunId,
  { after, limit }: Page,
): Promise<readonly StoredLetter[]> {
  requireId("run", run);
  const { rows } = await asked(
    readers.query<StoredLetter>({
      name: "read_letters",
      text: `select seq, payload from countersign.run_letters
             where run_id = $1::uuid and seq > $2::int8 order by seq limit $3::int8`,
      values: [run, after, Math.min(limit, storeLimits.rowsPerPage)],
    }),
  );
  return rows;
}

async function readHeads(
  { readers }: Database,
  runs: readonly RunId[],
): Promise<readonly RunHead[]> {
  requireIds("runs", runs);
  if (runs.length === 0) return [];
  const { rows } = await asked(
    readers.query<HeadRow>({
      name: "read_heads",
      text: `select ${selectedHead} from countersign.runs where run_id = any($1::uuid[])`,
      values: [encodeUuidArray(runs)],
    }),
  );
  return rows.map(toRunHead);
}

async function list(
  { tables }: Database,
  tenant: TenantId,
  query: RunQuery,
): Promise<readonly RunRow[]> {
  const { state, agent, parent, subject, isTop = false, begins, before, limit } = query;
  if (parent !== undefined) requireId("parent", parent);
  if (begins !== undefined) requireIdBeginning("begins", begins);
  if (before !== undefined) requireId("before", before);
  const within = begins === undefined ? null : toIdRange(begins);
  const rows = await asked(
    tables
      .selectFrom("runs")
      .select([...headColumns, ...listedColumns])
      .where("tenant", "=", tenant)
      .$if(state !== undefined, (found) => found.where("state", "=", runStateNumbers[state!]))
      .$if(agent !== undefined, (found) => found.where("agent", "=", agent!))
      .$if(parent !== undefined, (found) => found.where("parent", "=", parent!))
      .$if(subject !== undefined, (found) => found.where("subject", "=", subject!))
      .$if(isTop, (found) => found.where("parent", "is", null))
      .$if(within !== null, (found) =>
        found.where("run_id", ">=", within!.from).where("run_id", "<=", within!.to),
      )
      .$if(before !== undefined, (found) => found.where("run_id", "<", before!))
      .orderBy("run_id", "desc")
      .limit(Math.min(limit, storeLimits.rowsPerPage))
      .execute(),
  );
  return rows.map(toRunRow);
}

async function readEvents(
  { readers }: Database,
  run: RunId,
  { after, limit }: Page,
): Promise<readonly StoredEvent[]> {
  requireId("run", run);
  const { rows } = await asked(
    readers.query<Pick<StoredEvent, "seq" | "payload">>({
      name: "read_events",
      text: `select seq, payload from countersign.events
             where run_id = $1::uuid and seq > $2::int8 order by seq limit $3::int8`,
      values: [run, after, Math.min(limit, storeLimits.rowsPerPage)],
    }),
  );
  return rows.map(({ seq, payload }) => ({ run, seq, payload }));
}

export function toRunHead(row: HeadRow): RunHead {
  return {
    run: row.run_id as RunId,
    tenant: row.tenant as TenantId,
    epoch: row.epoch,
    head: row.head,
    priority: row.priority,
    wakeAtMs: row.wake_at,
    ended: row.ended,
    inbox: row.inbox,
  };
}

function toRunRow(row: ListedRow): RunRow {
  const { agent, subject, created_at: createdAtMs, steps, why, micros, tokens } = row;
  const isTold = agent !== null && subject !== null && createdAtMs !== null;
  const about = { agent, subject, parent: row.parent as RunId | null, createdAtMs };
  return {
    ...toRunHead(row),
    state: toRunState(row.state),
    about: isTold ? (about as RunRow["about"]) : null,
    endedAtMs: row.ended_at,
    gist: steps === null ? null : { steps, why, micros: micros ?? 0, tokens: tokens ?? 0 },
  };
}
