import { z } from "zod";

/** Money is whole micro-units of one currency: no fraction is ever rounded. */
export const amountsSchema = z
  .strictObject({
    micros: z.int().nonnegative(),
    tokens: z.int().nonnegative(),
    calls: z.int().nonnegative(),
  })
  .readonly();
export type Amounts = z.infer<typeof amountsSchema>;

/** A cap of null is one that nobody set. */
const capSchema = z.int().nonnegative().nullable();
export const capsSchema = z
  .strictObject({ micros: capSchema, tokens: capSchema, calls: capSchema })
  .readonly();
export type Caps = z.infer<typeof capsSchema>;

const kinds = ["micros", "tokens", "calls"] as const;
export type BudgetKind = (typeof kinds)[number];

/** What a run, with all its sub-agents, may spend, has spent and holds. */
export interface Budget {
  readonly caps: Caps;
  readonly spent: Amounts;
  /** Held for what was started and has not ended. */
  readonly reserved: Amounts;
}

/** What a call may cost at most; null where no price is known. */
export type Estimate = Readonly<Record<BudgetKind, number | null>>;

export type Reservation =
  | { readonly kind: "reserved"; readonly budget: Budget; readonly held: Amounts }
  | {
      readonly kind: "refused";
      readonly over: BudgetKind;
      readonly reason: "cap" | "unknown_price";
    };

export const nothing: Amounts = Object.freeze({ micros: 0, tokens: 0, calls: 0 });

export function createBudget(caps: Caps): Budget {
  requireWhole(caps, "a cap");
  return Object.freeze({ caps, spent: nothing, reserved: nothing });
}

/**
 * Before the call. Refused once what is spent and held has reached the cap, never because this call
 * may pass it: so a budget is used up whole, and ends above its cap by less than one reserved call.
 */
export function reserveBudget(budget: Budget, estimate: Estimate): Reservation {
  const held: Record<BudgetKind, number> = { ...nothing };
  for (const kind of kinds) {
    const [cap, wanted] = [budget.caps[kind], estimate[kind]];
    // A price that is no whole number is no price.
    const isKnown = wanted !== null && isWhole(wanted);
    if (!isKnown && cap !== null) return refused(kind, "unknown_price");
    held[kind] = isKnown ? wanted : 0;
    const used = budget.spent[kind] + budget.reserved[kind];
    // Beyond 2^53 sums are no longer exact: that is a cap for all, those without one too.
    if (!isWhole(used + held[kind])) return refused(kind, "cap");
    if (cap !== null && used >= cap && held[kind] > 0) return refused(kind, "cap");
  }
  const reserved = add(budget.reserved, held);
  return {
    kind: "reserved",
    budget: Object.freeze({ ...budget, reserved }),
    held: Object.freeze(held),
  };
}

/**
 * After the call: what was held is let go, what it cost is spent, even if that is more. A cost that
 * is no amount is a bug, and told as one: with NaN spent, no cap would ever be reached again.
 */
export function settleBudget(budget: Budget, held: Amounts, cost: Amounts): Budget {
  requireWhole(held, "what was held");
  requireWhole(cost, "a cost");
  return Object.freeze({
    ...budget,
    reserved: subtract(budget.reserved, held),
    spent: add(budget.spent, cost),
  });
}

export type SharedReservation =
  | { readonly kind: "reserved"; readonly chain: readonly Budget[]; readonly held: Amounts }
  | Extract<Reservation, { kind: "refused" }>;

/**
 * A sub-agent spends from its own budget and from those of all above it, own first: from every one
 * of them or from none.
 */
export function reserveShared(chain: readonly Budget[], estimate: Estimate): SharedReservation {
  if (chain.length === 0) throw new Error("there is no budget to reserve from");
  const reservations = chain.map((budget) => reserveBudget(budget, estimate));
  const no = reservations.find((each) => each.kind === "refused");
  if (no !== undefined) return no;
  const made = reservations.filter((each) => each.kind === "reserved");
  const held = made[0]?.held ?? nothing;
  return { kind: "reserved", chain: Object.freeze(made.map(({ budget }) => budget)), held };
}

export function settleShared(
  chain: readonly Budget[],
  held: Amounts,
  cost: Amounts,
): readonly Budget[] {
  return Object.freeze(chain.map((budget) => settleBudget(budget, held, cost)));
}

/** A stop at a cap is not the end: the cap is raised, and what was spent stays spent. */
export function raiseBudget(budget: Budget, caps: Caps): Budget {
  requireWhole(caps, "a cap");
  return Object.freeze({ ...budget, caps });
}

function refused(over: BudgetKind, reason: "cap" | "unknown_price"): Reservation {
  return { kind: "refused", over, reason };
}

function add(left: Amounts, right: Amounts): Amounts {
  const sum = {
    micros: left.micros + right.micros,
    tokens: left.tokens + right.tokens,
    calls: left.calls + right.calls,
  };
  requireWhole(sum, "a sum");
  return Object.freeze(sum);
}

function requireWhole(amounts: Estimate, what: string): void {
  for (const kind of kinds) {
    const amount = amounts[kind];
    if (amount !== null && !isWhole(amount)) throw new Error(`${what} of ${kind} is ${amount}`);
  }
}

function isWhole(amount: number): boolean {
  return Number.isSafeInteger(amount) && amount >= 0;
}

function subtract(left: Amounts, right: Amounts): Amounts {
  for (const kind of kinds) {
    if (right[kind] > left[kind]) throw new Error(`more ${kind} settled than reserved`);
  }
  return Object.freeze({
    micros: left.micros - right.micros,
    tokens: left.tokens - right.tokens,
    calls: left.calls - right.calls,
  });
}
