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
  readonly isAbout: (tool: string | null) => boolean;
}

interface Need {
  readonly share: Share;
  readonly amount: number;
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
      const sharer = budget.isAbout(spending.tool) ? toSharer(budget, spending) : null;
      if (sharer === null) return [];
      const perMs = budgetPeriods[budget.per];
      const periodMs = Math.floor(nowMs / perMs) * perMs;
      const at = { share: shareOf(sharer), periodMs, tenant: spending.principal.tenant };
      const toNeed = (kind: string, cap: number, amount: number): Need => ({
        share: {
          place: { ...at, budget: `${budget.name} ${kind}` },
          cap,
          endsMs: periodMs + perMs,
        },
        amount,
      });
      const price = toPrice(budget, spending);
      return [
        ...(budget.calls === undefined ? [] : [toNeed("calls", budget.calls, 1)]),
        ...(budget.money === undefined || price === 0
          ? []
          : [toNeed("money", budget.money, price)]),
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
  const held: Held = { giveBack: () => giveBack(needs.length) };
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

/** Null where the budget is about nothing of this call: an agent's, of a call without one. */
function toSharer({ each }: Named, { principal, server, tool }: Spending): string | null {
  const { tenant, actor } = principal;
  switch (each) {
    case "tenant":
      return `tenant\n${tenant}`;
    case "principal":
      return `principal\n${toSubjectKey(principal)}`;
    case "agent":
      return actor === null ? null : `agent\n${actor.agent}`;
    case "server":
      return `server\n${server}`;
    case "tool":
      return tool === null ? null : `tool\n${tool}`;
  }
}

/** I8: what has no price is not free. Prompts and resources have none and cost none. */
function toPrice({ name, money }: Named, { tool, priceMicros }: Spending): number {
  if (money === undefined || tool === null) return 0;
  if (priceMicros !== null) return priceMicros;
  throw new Fault("price_unknown", `The budget ${name} is in money, and ${tool} has no price.`, {
    details: { budget: name, tool },
  });
}

function toNamed(name: string, config: BudgetConfig): Named {
  const { tools } = config;
  if (tools === undefined) return { ...config, name, isAbout: () => true };
  const patterns = tools.map((pattern) => {
    const text = pattern.replaceAll(/[.\\^$+?()[\]{}|/]/g, "\\$&").replaceAll("*", "[^]*");
    return new RegExp(`^${text}$`);
  });
  const known = new Map<string, boolean>();
  const isAbout = (tool: string | null): boolean => {
    if (tool === null) return false;
    const before = known.get(tool);
    if (before !== undefined) return before;
    const now = patterns.some((pattern) => pattern.test(tool));
    known.set(tool, now);
    return now;
  };
  return { ...config, name, isAbout };
}
