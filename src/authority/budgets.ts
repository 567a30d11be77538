import { toMatch } from "../lib/to-match.ts";
import { budgetPeriods, type BudgetConfig } from "../model/config-budgets.ts";
import { Fault, toDigest, toSubjectKey, type Digest } from "../model/index.ts";
import type { Budgets, Held, Spending } from "../ports/budgets.ts";
import type { Clock } from "../ports/clock.ts";
import type { Leases, Share } from "./leases.ts";

export interface BudgetOptions {
  readonly budgets: Readonly<Record<string, BudgetConfig>>;
  readonly leases: Leases;
  readonly clock: Clock;
}

interface Named extends BudgetConfig {
  readonly name: string;
  readonly isAbout: (spending: Spending) => boolean;
}

interface Need {
  readonly share: Share;
  readonly amount: number;
  readonly isMoney: boolean;
}

const maxShares = 50_000;

/** The budgets of one revision, over leases that outlive it. Null where there are none. */
export function createBudgets({ budgets, leases, clock }: BudgetOptions): Budgets | null {
  const named = Object.entries(budgets).map(([name, config]) => toNamed(name, config));
  if (named.length === 0) return null;
  const shares = new Map<string, Digest>();

  function shareOf(text: string): Digest {
    const known = shares.get(text);
    if (known !== undefined) return known;
    if (shares.size >= maxShares) shares.clear();
    const made = toDigest(text);
    shares.set(text, made);
    return made;
  }

  function needsOf(spending: Spending): readonly Need[] {
    const nowMs = clock.nowMs();
    return named.flatMap((budget): readonly Need[] => {
      const sharer = budget.isAbout(spending) ? toSharer(budget, spending) : null;
      if (sharer === null) return [];
      const perMs = budgetPeriods[budget.per];
      const periodMs = Math.floor(nowMs / perMs) * perMs;
      const at = { share: shareOf(sharer), periodMs, tenant: spending.principal.tenant };
      const toNeed = (kind: "calls" | "money", cap: number, amount: number): Need => ({
        share: {
          place: { ...at, budget: `${budget.name} ${kind}` },
          cap,
          endsMs: periodMs + perMs,
        },
        amount,
        isMoney: kind === "money",
      });
      const price = toPrice(budget, spending);
      // Of a model that charges nothing money holds, too: the next one of its route may have no price.
      const isFree = price === 0 && spending.model === undefined;
      return [
        ...(budget.calls === undefined ? [] : [toNeed("calls", budget.calls, 1)]),
        ...(budget.money === undefined || isFree ? [] : [toNeed("money", budget.money, price)]),
      ];
    });
  }

  return {
    reserve(spending) {
      const needs = needsOf(spending);
      return needs.length === 0 ? null : takeAll(leases, needs);
    },
  };
}

/** From every one or from none. */
function takeAll(leases: Leases, needs: readonly Need[]): Held | Promise<Held> {
  const giveBack = (count: number): void => {
    for (const { share, amount } of needs.slice(0, count)) leases.giveBack(share, amount);
  };
  const inMoney = needs.filter(({ isMoney }) => isMoney);
  const held: Held = {
    isMoney: inMoney.length > 0,
    giveBack: () => giveBack(needs.length),
    settle: (micros) => {
      for (const need of inMoney) settle(leases, need, micros);
    },
  };
  const takeFrom = async (from: number, first: Promise<void>): Promise<Held> => {
    let at = from;
    try {
      await first;
      for (at += 1; at < needs.length; at += 1)
        await leases.take(needs[at]!.share, needs[at]!.amount);
      return held;
    } catch (error) {
      giveBack(at);
      throw error;
    }
  };
  const takeNow = (at: number, take: () => Promise<void> | undefined) => {
    try {
      return take();
    } catch (error) {
      giveBack(at);
      throw error;
    }
  };
  for (const [at, { share, amount }] of needs.entries()) {
    const later = takeNow(at, () => leases.take(share, amount));
    if (later !== undefined) return takeFrom(at, later);
  }
  return held;
}

function settle(leases: Leases, { share, amount }: Need, micros: number): void {
  if (micros <= amount) return leases.giveBack(share, amount - micros);
  try {
    // What it cost beyond that is used up, too; an empty budget is passed by this call alone.
    leases.take(share, micros - amount)?.catch(() => undefined);
  } catch {
    return;
  }
}

/** Null where the budget is about nothing of this call: an agent's, of a call without one. */
function toSharer({ each }: Named, { principal, server, tool, model }: Spending): string | null {
  const { tenant, actor } = principal;
  switch (each) {
    case "tenant":
      return `tenant\n${tenant}`;
    case "principal":
      return `principal\n${toSubjectKey(principal)}`;
    case "agent":
      return actor === null ? null : `agent\n${actor.agent}`;
    case "server":
      // All models together count as one server.
      return server === null ? "models" : `server\n${server}`;
    case "tool":
      if (model !== undefined) return `model\n${model}`;
      return tool === null ? null : `tool\n${tool}`;
  }
}

/** I8: what has no price is not free. Prompts and resources have none and cost none. */
function toPrice({ name, money }: Named, { tool, model, priceMicros }: Spending): number {
  const what = tool ?? model;
  if (money === undefined || what === undefined) return 0;
  if (priceMicros !== null) return priceMicros;
  throw new Fault("price_unknown", `The budget ${name} is in money, and ${what} has no price.`, {
    details: { budget: name, ...(tool === null ? { model } : { tool }) },
  });
}

function toNamed(name: string, config: BudgetConfig): Named {
  const { tools, models } = config;
  // Whoever names neither means both.
  if (tools === undefined && models === undefined) return { ...config, name, isAbout: () => true };
  const [isTool, isModel] = [toMatch(tools ?? []), toMatch(models ?? [])];
  const isAbout = ({ tool, model }: Spending): boolean => {
    if (model !== undefined) return isModel(model);
    return tool !== null && isTool(tool);
  };
  return { ...config, name, isAbout };
}
