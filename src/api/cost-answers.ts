import { toMoneyText } from "../model/config-budgets.ts";
import type { TenantId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import { dayMs, toDay, type CostRows, type Spent } from "../ports/cost-rows.ts";
import type { Runs } from "../ports/run-rows.ts";
import type { Answers } from "./contract.ts";
import type { costRoutes } from "./cost-routes.ts";
import { listBudgets, type BudgetParts } from "./list-budgets.ts";
import { shareSums } from "./share-sums.ts";
import { toSubject } from "./show-run.ts";
import { tenantOf } from "./tenant-of.ts";

export interface CostAnswersOptions {
  readonly clock: Clock;
  readonly catalog: BudgetParts["catalog"];
  readonly costs: Omit<BudgetParts, "clock" | "catalog" | "subjects"> & {
    readonly rows: Pick<CostRows, "read">;
    readonly runs: Pick<Runs, "countCompleted">;
  };
}

/** About a third of a second of Postgres; what is beyond is left out, and said to be. */
const mostRows = 200_000;
const mostCompleted = 100_000;

export function createCostAnswers(options: CostAnswersOptions): Answers<typeof costRoutes> {
  const { clock, costs } = options;
  const readSums = shareSums(costs.rows, clock);
  return {
    readCosts: async ({ query: { days }, holder }) => {
      const tenant = tenantOf(holder);
      const toDayNext = toDay(clock.nowMs()) + 1;
      const range = { fromDay: toDayNext - days, toDay: toDayNext, mostRows };
      const sums = await readSums(tenant, range);
      const completed = await countCompleted(costs.runs, tenant, { ...range, ...sums });
      const { total, ofRuns, unknown, fromDay, oldestDay } = sums;
      return {
        status: 200,
        body: {
          from: toDate(range.fromDay),
          to: toDate(toDayNext - 1),
          since: fromDay < toDayNext ? toDate(fromDay) : null,
          cut: fromDay > range.fromDay,
          kept: oldestDay === null ? null : toDate(oldestDay),
          total: toShown(total),
          runs: toShown(ofRuns),
          unknown,
          completed,
          perCompleted: toPerCompleted(ofRuns, completed),
          days: sums.days.map(({ day, ...spent }) => ({ day: toDate(day), ...toShown(spent) })),
          agents: sums.agents.map(({ name, ...spent }) => ({ name, ...toShown(spent) })),
          sources: sums.sources.map(({ kind, name, ...spent }) => ({
            kind,
            name,
            ...toShown(spent),
          })),
          subjects: sums.subjects.map(({ name, ...spent }) => ({
            name: name === null ? null : toSubject(name),
            ...toShown(spent),
          })),
          dearest: sums.runs.map(({ run, agent, ...spent }) => ({ run, agent, ...toShown(spent) })),
        },
      };
    },
    listBudgets: async ({ holder }) => {
      const tenant = tenantOf(holder);
      const today = toDay(clock.nowMs());
      // Adding up a day takes its time: only shares of people are named from it.
      const isOfPeople = Object.values(costs.budgets()).some(({ each }) => each === "principal");
      const range = { fromDay: today, toDay: today + 1, mostRows };
      const spenders = isOfPeople ? (await readSums(tenant, range)).subjects : [];
      const subjects = spenders.flatMap(({ name }) => name ?? []);
      const parts = { ...costs, clock, catalog: options.catalog, subjects };
      return { status: 200, body: { budgets: await listBudgets(parts, tenant) } };
    },
  };
}

async function countCompleted(
  runs: Pick<Runs, "countCompleted">,
  tenant: TenantId,
  { fromDay, toDay: end }: { readonly fromDay: number; readonly toDay: number },
): Promise<number | null> {
  const most = mostCompleted + 1;
  const count = await runs.countCompleted(tenant, {
    fromMs: fromDay * dayMs,
    toMs: end * dayMs,
    most,
  });
  return count < most ? count : null;
}

function toPerCompleted({ micros }: Spent, completed: number | null): string | null {
  if (completed === null || completed === 0) return null;
  return toMoneyText(Math.ceil(micros / completed));
}

function toShown({ micros, tokens }: Spent) {
  return { money: toMoneyText(micros), tokens };
}

function toDate(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}
