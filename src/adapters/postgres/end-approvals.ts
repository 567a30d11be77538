import type pg from "pg";
import type { ApprovalId, RunId, TenantId } from "../../model/index.ts";
import { toRunLetterBytes } from "../../model/run-letter.ts";
import { encodeTextArray, encodeUuidArray } from "./binary-array.ts";
import { type Enlist, enlistSorted } from "./enlist.ts";
import { lockRuns, putLetters } from "./run-inbox.ts";
import type { Tokens } from "./tokens.ts";
import { inTransaction, type Step, type TransactionOptions } from "./transaction.ts";

export interface EndingOptions extends TransactionOptions {
  readonly tokens: Tokens;
  readonly enlist: Enlist | undefined;
}

interface Ending {
  readonly to: "expired" | "voided";
  readonly limit: number;
  readonly choose: Choice;
  readonly values: readonly unknown[];
}

interface Choice {
  readonly name: string;
  /** Which of those that wait. */
  readonly where: string;
  readonly order: string;
}

export const choices = {
  one: { name: "one", where: "tenant = $1 and id = $2", order: "id" },
  late: { name: "late", where: "expires_at <= $1", order: "expires_at" },
  kind: {
    name: "kind",
    where: `($1::text is null or tenant = $1) and ($2::text is null or server = $2)
      and ($3::text is null or tool = $3) and ($4::text is null or agent = $4)`,
    order: "tenant, id",
  },
  subject: { name: "subject", where: "tenant = $1 and subject = $2", order: "id" },
} as const satisfies Readonly<Record<string, Choice>>;

/**
 * Ends what waits, and tells the runs that wait for it. One that is being decided is waited for: what
 * was agreed to at that moment is void, too. Returns how many it were; fewer than `limit` only when
 * there are no more. After a lost connection, those of an attempt that landed are not counted.
 */
export async function endApprovals(options: EndingOptions, ending: Ending): Promise<number> {
  let ended = 0;
  for (;;) {
    const limit = ending.limit - ended;
    if (limit <= 0) return ended;
    const round = await inTransaction(options, (client) =>
      endRound(client, { ...ending, limit }, options),
    );
    ended += round.ended;
    // Those that somebody else ended meanwhile left room for others.
    if (round.chosen < limit) return ended;
  }
}

interface ApprovalOfRun {
  readonly tenant: string;
  readonly id: string;
  readonly run_id: string | null;
}

async function endRound(
  client: pg.PoolClient,
  { to, limit, choose, values }: Ending,
  options: EndingOptions,
): Promise<Step<{ chosen: number; ended: number }>> {
  const { rows: chosen } = await client.query<ApprovalOfRun>({
    name: `choose_approvals_${choose.name}`,
    text: `select tenant, id, run_id from countersign.approvals
           where state in ('pending', 'approved') and ${choose.where}
           order by ${choose.order} limit $${values.length + 1}`,
    values: [...values, limit],
  });
  if (chosen.length === 0) return { outcome: { chosen: 0, ended: 0 } };
  // Runs before approvals, here as everywhere, and both in their order.
  await lockRuns(client, toRuns(chosen));
  const { rows: ended } = await client.query<ApprovalOfRun>({
    name: "end_approvals",
    text: `update countersign.approvals a set state = $3
           from (select a.tenant, a.id from countersign.approvals a
                   join unnest($1::text[], $2::uuid[]) as x(tenant, id)
                   on a.tenant = x.tenant and a.id = x.id
                 where a.state in ('pending', 'approved')
                 order by a.tenant, a.id for update of a) old
           where a.tenant = old.tenant and a.id = old.id
           returning a.tenant, a.id, a.run_id`,
    values: [
      encodeTextArray(chosen.map(({ tenant }) => tenant)),
      encodeUuidArray(chosen.map(({ id }) => id)),
      to,
    ],
  });
  await tellRuns(client, ended, { ...options, to });
  return { outcome: { chosen: chosen.length, ended: ended.length } };
}

function toRuns(rows: readonly ApprovalOfRun[]): RunId[] {
  return rows.flatMap(({ run_id }) => (run_id === null ? [] : [run_id as RunId]));
}

/** A run that has ended, is gone or reads nothing hears nothing; what was decided stands. */
export async function tellRuns(
  client: pg.PoolClient,
  rows: readonly ApprovalOfRun[],
  { tokens, enlist, to }: EndingOptions & { readonly to: Ending["to"] | "approved" | "denied" },
): Promise<void> {
  const letters = rows.flatMap(({ tenant, id, run_id }) => {
    if (run_id === null) return [];
    const told = {
      v: 1,
      kind: "approval_decided",
      approval: id as ApprovalId,
      outcome: to,
    } as const;
    const payload = toRunLetterBytes(told);
    return [{ run: run_id as RunId, tenant: tenant as TenantId, payload }];
  });
  if (letters.length === 0) return;
  const { wakes } = await putLetters(client, letters, tokens.next());
  if (wakes.length > 0) await enlistSorted(enlist, client, wakes);
}
