import type pg from "pg";
import { Fault, type RunId, type TenantId } from "../../model/index.ts";
import type { BudgetKind } from "../../model/budget.ts";
import { requireId } from "../../ports/storable.ts";
import { requireAmounts, requireCaps, requireSlot } from "../../ports/storable-budget.ts";
import type { BudgetHold, BudgetSlot, RunBudgets } from "../../ports/run-rows.ts";
import { asked, type Database } from "./database.ts";

const kinds = ["micros", "tokens", "calls"] as const satisfies readonly BudgetKind[];
/** What a kind's statement is, for each of them. */
const each = (write: (kind: BudgetKind, place: number) => string, between = ", "): string =>
  kinds.map((kind, place) => write(kind, place)).join(between);

/** Beyond it sums are no longer exact. */
const most = `${Number.MAX_SAFE_INTEGER}::int8`;

export function createPostgresRunBudgets({ pool }: Database): RunBudgets {
  return {
    async open(root, { tenant, caps, spent }) {
      requireId("root", root);
      requireCaps(caps);
      requireAmounts("spent", spent);
      await asked(
        pool.query({
          name: "open_run_budget",
          text: `insert into countersign.run_budgets
                   (root, tenant, ${each((kind) => `cap_${kind}, spent_${kind}`)})
                 values ($1, $2, ${each((_, place) => `$${3 + 2 * place}, $${4 + 2 * place}`)})
                 on conflict do nothing`,
          values: [root, tenant, ...kinds.flatMap((kind) => [caps[kind], spent[kind]])],
        }),
      );
    },
    async hold(asking) {
      requireSlot(asking);
      requireAmounts("amounts", asking.amounts);
      return hold(pool, asking);
    },
    async settle(slot, cost) {
      requireSlot(slot);
      requireAmounts("cost", cost);
      await asked(
        pool.query({
          name: "settle_run_budget",
          text: settling,
          values: [slot.root, slot.run, slot.slot, ...kinds.map((kind) => cost[kind])],
        }),
      );
    },
    async raise(root, caps) {
      requireId("root", root);
      requireCaps(caps);
      await asked(
        pool.query({
          name: "raise_run_budget",
          text: `update countersign.run_budgets
                 set ${each((kind, place) => `cap_${kind} = $${2 + place}`)} where root = $1`,
          values: [root, ...kinds.map((kind) => caps[kind])],
        }),
      );
    },
    read: (root) => read(pool, root),
  };
}

async function read(pool: pg.Pool, root: RunId): ReturnType<RunBudgets["read"]> {
  requireId("root", root);
  const { rows } = await asked(
    pool.query<BudgetRow>({
      name: "read_run_budget",
      text: "select * from countersign.run_budgets where root = $1",
      values: [root],
    }),
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    tenant: row.tenant as TenantId,
    caps: { micros: row.cap_micros, tokens: row.cap_tokens, calls: row.cap_calls },
    spent: { micros: row.spent_micros, tokens: row.spent_tokens, calls: row.spent_calls },
    held: { micros: row.held_micros, tokens: row.held_tokens, calls: row.held_calls },
  };
}

interface BudgetRow extends pg.QueryResultRow {
  readonly tenant: string;
  readonly cap_micros: number | null;
  readonly cap_tokens: number | null;
  readonly cap_calls: number | null;
  readonly spent_micros: number;
  readonly spent_tokens: number;
  readonly spent_calls: number;
  readonly held_micros: number;
  readonly held_tokens: number;
  readonly held_calls: number;
}

/**
 * The rule of `reserveBudget`, on the row as it is once it is locked. A slot is made once, whoever
 * asks: its key decides that, and the budget changes only with it.
 */
const holding = `with budget as materialized (
    select * from countersign.run_budgets where root = $1 for update
  ),
  judged as (
    select root, case ${each(
      (kind, place) => `when spent_${kind} + held_${kind} + $${4 + place}::int8 > ${most}
                          or (spent_${kind} + held_${kind} >= cap_${kind} and $${4 + place}::int8 > 0)
                        then '${kind}'`,
      "\n           ",
    )} end as over
    from budget
  ),
  made as (
    insert into countersign.run_holds (root, run_id, slot, ${each((kind) => kind)})
    select root, $2::uuid, $3::text, $4::int8, $5::int8, $6::int8 from judged where over is null
    on conflict do nothing
    returning root, ${each((kind) => kind)}
  ),
  moved as (
    update countersign.run_budgets b
    set ${each((kind) => `held_${kind} = b.held_${kind} + made.${kind}`)}
    from made where b.root = made.root
  )
  select over from judged`;

const settling = `with let_go as (
    update countersign.run_holds set settled = true
    where root = $1 and run_id = $2 and slot = $3 and not settled
    returning root, ${each((kind) => kind)}
  )
  update countersign.run_budgets b
  set ${each(
    (kind, place) => `held_${kind} = b.held_${kind} - h.${kind},
      spent_${kind} = least(b.spent_${kind} + $${4 + place}::int8, ${most})`,
  )}
  from let_go h where b.root = h.root`;

async function hold(pool: pg.Pool, asking: BudgetHold): Promise<"held" | BudgetKind> {
  const { root, run, slot, amounts } = asking;
  const { rows } = await asked(
    pool.query<{ over: BudgetKind | null }>({
      name: "hold_run_budget",
      text: holding,
      values: [root, run, slot, ...kinds.map((kind) => amounts[kind])],
    }),
  );
  if (rows[0] === undefined) throw new Fault("internal", `no budget is open for ${root}`);
  const { over } = rows[0];
  return over === null || (await isMade(pool, asking)) ? "held" : over;
}

/** What was held once is held, whatever was spent since. */
async function isMade(pool: pg.Pool, { root, run, slot }: BudgetSlot): Promise<boolean> {
  const { rows } = await asked(
    pool.query({
      name: "read_run_hold",
      text: "select 1 from countersign.run_holds where root = $1 and run_id = $2 and slot = $3",
      values: [root, run, slot],
    }),
  );
  return rows.length === 1;
}
