import type pg from "pg";
import type { ApprovalId, RunId, TenantId } from "../../model/index.ts";
import { requireDigest, requireId, requireStorableApproval } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type {
  ApprovalDecision,
  ApprovalDraft,
  ApprovalRow,
  ApprovalRows,
  ApprovalsOf,
} from "../../ports/approval-rows.ts";
import { toRefusal, type RefusalRow } from "./approval-refusal.ts";
import { choices, endApprovals, tellRuns, type EndingOptions } from "./end-approvals.ts";
import { executeBatch } from "./append-statement.ts";
import { asked, type Database, type Tables } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";
import { toFindApproval } from "./find-approval.ts";
import { readMissingEntries } from "./landed.ts";
import { lockRuns } from "./run-inbox.ts";
import { inTransaction } from "./transaction.ts";

export interface PostgresApprovalsOptions extends EndingOptions {
  readonly database: Database;
}

/** All but what the store writes for itself. */
const columns = [
  "tenant",
  "id",
  "run_id",
  "intent",
  "key",
  "server",
  "tool",
  "agent",
  "subject",
  "state",
  "request",
  "opening",
  "verdicts",
  "created_at",
  "expires_at",
] as const;
type Row = Pick<Tables["approvals"], (typeof columns)[number]>;
const selected = columns.join(", ");

export function createPostgresApprovals(options: PostgresApprovalsOptions): ApprovalRows {
  return { ...createReads(options), ...createChanges(options) };
}

type Reads = Pick<ApprovalRows, "get" | "find" | "countPending" | "lastConsumed" | "list">;

function createReads({ database }: PostgresApprovalsOptions): Reads {
  const { pool } = database;
  async function read(name: string, text: string, values: unknown[]): Promise<ApprovalRow | null> {
    const { rows } = await asked(pool.query<Row>({ name, text, values }));
    return rows[0] === undefined ? null : toApprovalRow(rows[0]);
  }
  return {
    async get(tenant, id) {
      requireId("id", id);
      const text = `select ${selected} from countersign.approvals where tenant = $1 and id = $2`;
      return read("get_approval", text, [tenant, id]);
    },
    async find(tenant, key, nowMs) {
      requireDigest("key", key);
      return read("find_approval", toFindApproval(selected), [tenant, toDigestBytes(key), nowMs]);
    },
    async countPending(tenant, subject, limit) {
      const { rows } = await asked(
        pool.query<{ count: number }>({
          name: "count_pending_approvals",
          text: `select count(*)::int4 as count from (
                   select 1 from countersign.approvals
                   where tenant = $1 and subject = $2 and state = 'pending' limit $3) x`,
          values: [tenant, subject, limit],
        }),
      );
      return rows[0]!.count;
    },
    lastConsumed: (tenant, server, tool) =>
      read(
        "last_consumed_approval",
        `select ${selected} from countersign.approvals
         where tenant = $1 and server = $2 and tool = $3 and state = 'consumed'
         order by id desc limit 1`,
        [tenant, server, tool],
      ),
    list: (tenant, query) => list(database, tenant, query),
  };
}

function createChanges(options: PostgresApprovalsOptions): Omit<ApprovalRows, keyof Reads> {
  const { pool } = options.database;
  return {
    create: (row) => create(options.database, row),
    decide: (decision) => decide(options, decision),
    expire: (nowMs, limit) =>
      endApprovals(options, { to: "expired", limit, choose: choices.late, values: [nowMs] }),
    async void(tenant, id) {
      requireId("id", id);
      const values = [tenant, id];
      const choose = choices.one;
      return (await endApprovals(options, { to: "voided", limit: 1, choose, values })) === 1;
    },
    voidAll: (of, limit) =>
      endApprovals(options, { to: "voided", limit, choose: choices.kind, values: toKind(of) }),
    async erase(tenant, subject, limit) {
      // Those that wait are voided first, so that their runs hear of it.
      const values = [tenant, subject];
      await endApprovals(options, { to: "voided", limit, choose: choices.subject, values });
      const statement = { name: "erase_approvals", text: erase, values: [...values, limit] };
      return (await asked(pool.query(statement))).rowCount ?? 0;
    },
    async rewriteVerdicts({ tenant, id }, { seen, verdicts }) {
      const { rowCount } = await asked(
        pool.query({
          name: "rewrite_verdicts",
          text: `update countersign.approvals set verdicts = $4
                 where tenant = $1 and id = $2 and verdicts = $3 and state <> 'pending'`,
          values: [tenant, id, Buffer.from(seen), Buffer.from(verdicts)],
        }),
      );
      return rowCount === 1;
    },
  };
}

function toKind({ tenant, server, tool, agent }: ApprovalsOf): unknown[] {
  return [tenant ?? null, server ?? null, tool ?? null, agent ?? null];
}

const erase = `update countersign.approvals a
  set subject = '', opening = null, key = '',
      state = case when a.state in ('pending', 'approved') then 'voided' else a.state end
  from (select id from countersign.approvals where tenant = $1 and subject = $2
        order by id limit $3 for update) old
  where a.tenant = $1 and a.id = old.id`;

/** One that waits has its key to itself; whoever comes second finds the first. */
async function create({ tables }: Database, row: ApprovalDraft): Promise<"created" | "exists"> {
  requireStorableApproval(row);
  const result = await asked(
    tables
      .insertInto("approvals")
      .values({
        tenant: row.tenant,
        id: row.id,
        run_id: row.run,
        intent: toDigestBytes(row.intent),
        key: toDigestBytes(row.key),
        server: row.server,
        tool: row.tool,
        agent: row.agent,
        subject: row.subject,
        state: "pending",
        request: Buffer.from(row.request),
        opening: row.opening === null ? null : Buffer.from(row.opening),
        verdicts: null,
        created_at: row.createdAtMs,
        expires_at: row.expiresAtMs,
        token: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst(),
  );
  return result.numInsertedOrUpdatedRows === 1n ? "created" : "exists";
}

async function list(
  { tables }: Database,
  tenant: TenantId,
  { state, after, limit, newestFirst = false }: Parameters<ApprovalRows["list"]>[1],
): Promise<readonly ApprovalRow[]> {
  if (after !== undefined) requireId("after", after);
  const rows = await asked(
    tables
      .selectFrom("approvals")
      .select(columns)
      .where("tenant", "=", tenant)
      .$if(state !== undefined, (query) => query.where("state", "=", state!))
      .$if(after !== undefined, (query) => query.where("id", newestFirst ? "<" : ">", after!))
      .orderBy("id", newestFirst ? "desc" : "asc")
      .limit(Math.min(limit, storeLimits.rowsPerPage))
      .execute(),
  );
  return rows.map(toApprovalRow);
}

/** The row and the entry that says what became of it, or neither. */
function decide(
  of: PostgresApprovalsOptions,
  decision: ApprovalDecision,
): ReturnType<ApprovalRows["decide"]> {
  const { tenant, id, intent, to, verdicts, seen, entry, nowMs } = decision;
  const { tokens } = of;
  requireId("id", id);
  return inTransaction(of, async (client, uncertain) => {
    if (uncertain && (await readMissingEntries(client, [entry])).length === 0)
      return { outcome: "decided" };
    // The run is locked before the approval, here as everywhere.
    const run = to === "pending" ? null : await readRun(client, decision);
    if (run !== null) await lockRuns(client, [run]);
    const { rowCount } = await client.query({
      name: "decide",
      text: `update countersign.approvals set state = $4, verdicts = $5
             where tenant = $1 and id = $2 and intent = $3 and state = 'pending'
               and expires_at > $6 and verdicts is not distinct from $7`,
      values: [
        tenant,
        id,
        toDigestBytes(intent),
        to,
        Buffer.from(verdicts),
        nowMs,
        seen === null ? null : Buffer.from(seen),
      ],
    });
    if (rowCount === 1) {
      await executeBatch(client, [{ append: undefined, entries: [entry], token: tokens.next() }]);
      if (to !== "pending") await tellRuns(client, [{ tenant, id, run_id: run }], { ...of, to });
      return { outcome: "decided" };
    }
    const { rows } = await client.query<RefusalRow>({
      name: "decide_refused",
      text: `select state, intent, expires_at from countersign.approvals
             where tenant = $1 and id = $2`,
      values: [tenant, id],
    });
    const refusal = toRefusal(rows[0], decision);
    return { outcome: refusal === "pending" ? "stale" : refusal, rollback: true };
  });
}

async function readRun(
  client: pg.PoolClient,
  { tenant, id }: ApprovalDecision,
): Promise<RunId | null> {
  const { rows } = await client.query<{ run_id: string | null }>({
    name: "run_of_approval",
    text: "select run_id from countersign.approvals where tenant = $1 and id = $2",
    values: [tenant, id],
  });
  return (rows[0]?.run_id ?? null) as RunId | null;
}

function toApprovalRow(row: Row): ApprovalRow {
  return {
    id: row.id as ApprovalId,
    tenant: row.tenant as TenantId,
    run: row.run_id as RunId | null,
    intent: fromDigestBytes(row.intent),
    key: fromDigestBytes(row.key),
    server: row.server,
    tool: row.tool,
    agent: row.agent,
    subject: row.subject,
    state: row.state,
    request: row.request,
    opening: row.opening,
    verdicts: row.verdicts,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
  };
}
