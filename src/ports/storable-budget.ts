import type { Amounts, Caps } from "../model/budget.ts";
import type { BudgetSlot } from "./run-rows.ts";
import { requireId, requireName, requireWhole } from "./storable.ts";

export function requireSlot({ root, run, slot }: BudgetSlot): void {
  requireId("root", root);
  requireId("run", run);
  requireName("slot", slot);
}

export function requireAmounts(place: string, { micros, tokens, calls }: Amounts): void {
  requireWhole(`${place}.micros`, micros);
  requireWhole(`${place}.tokens`, tokens);
  requireWhole(`${place}.calls`, calls);
}

export function requireCaps({ micros, tokens, calls }: Caps): void {
  if (micros !== null) requireWhole("caps.micros", micros);
  if (tokens !== null) requireWhole("caps.tokens", tokens);
  if (calls !== null) requireWhole("caps.calls", calls);
}
