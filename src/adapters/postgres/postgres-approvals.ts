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
import { executeBatch } from "./append-statement.ts";
import { asked, type Database, type Tables } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";
import { readMissingEntries } from "./landed.ts";
import type { Tokens } from "./tokens.ts";
import { inTransaction, type TransactionOptions } from "./transaction.ts";

export interface PostgresApprovalsOptions extends TransactionOptions {
  readonly database: Database;
  readonly tokens: Tokens;
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
      const text = `select ${selected} from countersign.approvals
        where tenant = $1 and key = $2 and state in ('pending', 'approved', 'denied')
          and expires_at > $3
        order by state = 'denied', id desc limit 1`;
      return read("find_approval", text, [tenant, toDigestBytes(key), nowMs]);
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
  async function change(name: string, text: string, values: unknown[]): Promise<number> {
    return (await asked(pool.query({ name, text, values }))).rowCount ?? 0;
  }

  return {
    create: (row) => create(options.database, row),
    decide: (decision) => decide(options, decision),
    expire: (nowMs, limit) =>
      change(
        "expire_approvals",
        `update countersign.approvals a set state = 'expired'
         from (select tenant, id from countersign.approvals
               where state in ('pending', 'approved') and expires_at <= $1
               order by expires_at limit $2 for update skip locked) late
         where a.tenant = late.tenant and a.id = late.id`,
        [nowMs, limit],
      ),
    async void(tenant, id) {
      requireId("id", id);
      const text = `update countersign.approvals set state = 'voided'
        where tenant = $1 and id = $2 and state in ('pending', 'approved')`;
      return (await change("void_approval", text, [tenant, id])) === 1;
    },
    voidAll: (of, limit) => change("void_approvals", voidAll, toVoidValues(of, limit)),
    erase: (tenant, subject, limit) => change("erase_approvals", erase, [tenant, subject, limit]),
    rewriteVerdicts: async ({ tenant, id }, { seen, verdicts }) =>
      (await change(
        "rewrite_verdicts",
        `update countersign.approvals set verdicts = $4
         where tenant = $1 and id = $2 and verdicts = $3 and state <> 'pending'`,
        [tenant, id, Buffer.from(seen), Buffer.from(verdicts)],
      )) === 1,
  };
}

/** One that is being decided is waited for: what was agreed to at that moment is void, too. */
const voidAll = `update countersign.approvals a set state = 'voided'
  from (select tenant, id from countersign.approvals
        where state in ('pending', 'approved')
          and ($1::text is null or tenant = $1) and ($2::text is null or server = $2)
          and ($3::text is null or tool = $3) and ($4::text is null or agent = $4)
        order by tenant, id limit $5 for update) old
  where a.tenant = old.tenant and a.id = old.id`;

function toVoidValues({ tenant, server, tool, agent }: ApprovalsOf, limit: number): unknown[] {
  return [tenant ?? null, server ?? null, tool ?? null, agent ?? null, limit];
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
  { tokens, pool, clock, random, withinMs }: PostgresApprovalsOptions,
  decision: ApprovalDecision,
): ReturnType<ApprovalRows["decide"]> {
  const { tenant, id, intent, to, verdicts, seen, entry, nowMs } = decision;
  requireId("id", id);
  return inTransaction({ pool, clock, random, withinMs }, async (client, uncertain) => {
    if (uncertain && (await readMissingEntries(client, [entry])).length === 0)
      return { outcome: "decided" };
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
