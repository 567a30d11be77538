import type { z } from "zod";
import { budgetPeriods, toMoneyText, type BudgetConfig } from "../model/config-budgets.ts";
import { toDigest, type Digest, type TenantId } from "../model/index.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { SpendingRows } from "../ports/spending-rows.ts";
import type { costSchemas } from "./cost-schemas.ts";

export interface BudgetParts {
  readonly clock: Clock;
  readonly catalog: () => Catalog;
  readonly budgets: () => Readonly<Record<string, BudgetConfig>>;
  readonly agents: () => readonly string[];
  readonly models: () => readonly string[];
  readonly spendings: Pick<SpendingRows, "read">;
  /** Those whom a share may belong to, as `toSubjectKey` has them. */
  readonly subjects: readonly string[];
}

type Shown = z.input<typeof costSchemas.Budgets>["budgets"][number];

const fullestShown = 10;

/** How full each budget is now. Shares are hashed: a name is found by hashing those that are known. */
export async function listBudgets(parts: BudgetParts, tenant: TenantId): Promise<Shown[]> {
  const shown: Shown[] = [];
  for (const [name, budget] of Object.entries(parts.budgets())) {
    const names = toNames(budget.each, listSharers(parts, tenant));
    for (const kind of ["money", "calls"] as const) {
      const cap = budget[kind];
      if (cap === undefined) continue;
      shown.push(await show(parts, tenant, { ...budget, name, kind, cap, names }));
    }
  }
  return shown;
}

interface Asked extends BudgetConfig {
  readonly name: string;
  readonly kind: "money" | "calls";
  readonly cap: number;
  readonly names: ReadonlyMap<Digest, string>;
}

async function show(
  { clock, spendings }: BudgetParts,
  tenant: TenantId,
  { name, kind, cap, each, per, names }: Asked,
): Promise<Shown> {
  const perMs = budgetPeriods[per];
  const periodMs = Math.floor(clock.nowMs() / perMs) * perMs;
  const place = { tenant, budget: `${name} ${kind}`, periodMs };
  const { shares, fullest } = await spendings.read(place, fullestShown);
  const toAmount = (amount: number): string =>
    kind === "money" ? toMoneyText(amount) : String(amount);
  return {
    name,
    kind,
    each,
    per,
    cap: toAmount(cap),
    began: new Date(periodMs).toISOString(),
    ends: new Date(periodMs + perMs).toISOString(),
    shares,
    fullest: fullest.map(({ share, used }) => ({
      name: names.get(share) ?? null,
      used: toAmount(used),
    })),
  };
}

type Sharers = readonly { readonly text: string; readonly name: string }[];

/** As budgets name who shares them. */
function listSharers(
  { agents, catalog, models, subjects }: BudgetParts,
  tenant: TenantId,
): Readonly<Record<BudgetConfig["each"], Sharers>> {
  const { servers, toolsets } = catalog();
  const tools = [...toolsets.values()].flatMap((toolset) => [...toolset.tools.values()]);
  const called = new Set(tools.map(({ server, name }) => `${server}__${name}`));
  const of = (kind: string, names: Iterable<string>): Sharers =>
    [...names].map((name) => ({ text: `${kind}\n${name}`, name }));
  return {
    tenant: of("tenant", [tenant]),
    principal: subjects.map((key) => ({
      text: `principal\n${key}`,
      name: key.split("\n").slice(1).join(":"),
    })),
    agent: of("agent", agents()),
    server: [...of("server", servers.keys()), { text: "models", name: "models" }],
    tool: [...of("tool", called), ...of("model", models())],
  };
}

function toNames(
  each: BudgetConfig["each"],
  sharers: ReturnType<typeof listSharers>,
): ReadonlyMap<Digest, string> {
  return new Map(sharers[each].map(({ text, name }) => [toDigest(text), name]));
}
