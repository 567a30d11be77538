import { reserveBudget, settleBudget, type Amounts } from "../model/budget.ts";
import type { RunView } from "./view.ts";

/** What is over and has cost that: it is counted, whatever the caps are by now. */
export function spend(view: RunView, cost: Amounts): RunView {
  const { caps } = view.budget;
  const uncapped = { ...view.budget, caps: { micros: null, tokens: null, calls: null } };
  const held = reserveBudget(uncapped, cost);
  if (held.kind === "refused") throw new Error("a call cost more than can be counted");
  return { ...view, budget: { ...settleBudget(held.budget, cost, cost), caps } };
}
