import {
  raiseBudget,
  reserveBudget,
  type Amounts,
  type Budget,
  type BudgetKind,
  type Caps,
} from "../model/budget.ts";
import { Fault, type RunId } from "../model/index.ts";
import type { BudgetHold, BudgetSlot, RunBudgets, SharedBudget } from "./run-rows.ts";
import { requireId } from "./storable.ts";
import { requireAmounts, requireCaps, requireSlot } from "./storable-budget.ts";

interface Tree {
  readonly tenant: SharedBudget["tenant"];
  readonly holds: Map<string, { readonly amounts: Amounts; readonly settled: boolean }>;
  budget: Budget;
}

export class InMemoryRunBudgets implements RunBudgets {
  readonly #trees = new Map<RunId, Tree>();

  async open(root: RunId, { tenant, caps, spent }: SharedBudget): Promise<void> {
    requireId("root", root);
    requireCaps(caps);
    requireAmounts("spent", spent);
    if (this.#trees.has(root)) return;
    const reserved = { micros: 0, tokens: 0, calls: 0 };
    this.#trees.set(root, { tenant, holds: new Map(), budget: { caps, spent, reserved } });
  }

  async hold(asking: BudgetHold): Promise<"held" | BudgetKind> {
    requireSlot(asking);
    requireAmounts("amounts", asking.amounts);
    const tree = this.#trees.get(asking.root);
    if (tree === undefined) throw new Fault("internal", `no budget is open for ${asking.root}`);
    if (tree.holds.has(toPlace(asking))) return "held";
    const reservation = reserveBudget(tree.budget, asking.amounts);
    if (reservation.kind === "refused") return reservation.over;
    tree.budget = reservation.budget;
    tree.holds.set(toPlace(asking), { amounts: { ...asking.amounts }, settled: false });
    return "held";
  }

  async settle(slot: BudgetSlot, cost: Amounts): Promise<void> {
    requireSlot(slot);
    requireAmounts("cost", cost);
    const tree = this.#trees.get(slot.root);
    const hold = tree?.holds.get(toPlace(slot));
    if (tree === undefined || hold === undefined || hold.settled) return;
    const { spent, reserved } = tree.budget;
    tree.budget = {
      ...tree.budget,
      spent: combine(spent, cost, (had, more) => Math.min(had + more, Number.MAX_SAFE_INTEGER)),
      reserved: combine(reserved, hold.amounts, (had, less) => had - less),
    };
    tree.holds.set(toPlace(slot), { ...hold, settled: true });
  }

  async raise(root: RunId, caps: Caps): Promise<void> {
    requireId("root", root);
    requireCaps(caps);
    const tree = this.#trees.get(root);
    if (tree !== undefined) tree.budget = raiseBudget(tree.budget, caps);
  }

  async read(root: RunId): ReturnType<RunBudgets["read"]> {
    requireId("root", root);
    const tree = this.#trees.get(root);
    if (tree === undefined) return null;
    const { caps, spent, reserved } = tree.budget;
    return { tenant: tree.tenant, caps, spent, held: reserved };
  }

  /** Goes with its root. */
  remove(root: RunId): void {
    this.#trees.delete(root);
  }
}

function toPlace({ run, slot }: BudgetSlot): string {
  return `${run} ${slot}`;
}

function combine(
  left: Amounts,
  right: Amounts,
  of: (left: number, right: number) => number,
): Amounts {
  return {
    micros: of(left.micros, right.micros),
    tokens: of(left.tokens, right.tokens),
    calls: of(left.calls, right.calls),
  };
}
