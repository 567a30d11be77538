import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import {
  createBudget,
  nothing,
  raiseBudget,
  reserveBudget,
  reserveShared,
  settleBudget,
  settleShared,
  type Amounts,
  type Budget,
} from "./budget.ts";

const open = { micros: null, tokens: null, calls: null };

test.each([Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 53])(
  "a price of %d is no price",
  (micros) => {
    const capped = createBudget({ ...open, micros: 100 });
    expect(reserveBudget(capped, { micros, tokens: 1, calls: 1 })).toEqual({
      kind: "refused",
      over: "micros",
      reason: "unknown_price",
    });
  },
);

test("where money is not capped, a price need not be known", () => {
  const reservation = reserveBudget(createBudget(open), { micros: null, tokens: 5, calls: 1 });
  expect(reservation).toMatchObject({ held: { micros: 0, tokens: 5, calls: 1 } });
});

test("of a chain all are charged or none", () => {
  const [own, above] = [createBudget({ ...open, calls: 5 }), createBudget({ ...open, calls: 1 })];
  const first = reserveShared([own, above], { micros: 0, tokens: 0, calls: 1 });
  if (first.kind === "refused") throw new Error(first.reason);
  expect(first.chain.map(({ reserved }) => reserved.calls)).toEqual([1, 1]);
  const second = reserveShared(first.chain, { micros: 0, tokens: 0, calls: 1 });
  expect(second).toEqual({ kind: "refused", over: "calls", reason: "cap" });
  const settled = settleShared(first.chain, first.held, { micros: 9, tokens: 8, calls: 1 });
  expect(settled.map(({ spent }) => spent.micros)).toEqual([9, 9]);
  expect(settled.every(({ reserved }) => reserved.calls === 0)).toBe(true);
});

test("three children under one cap pass it by no more than one reserved call", () => {
  const estimate = fc.record({ micros: fc.nat(900), tokens: fc.nat(50), calls: fc.constant(1) });
  const turn = fc.tuple(fc.nat(2), estimate, fc.boolean());
  const caps = fc.tuple(fc.nat(2_000), fc.array(fc.nat(1_500), { minLength: 3, maxLength: 3 }));
  fc.assert(
    fc.property(caps, fc.array(turn, { maxLength: 60 }), ([cap, ownCaps], turns) => {
      let root: Budget = createBudget({ ...open, micros: cap });
      const children = ownCaps.map((micros) => createBudget({ ...open, micros }));
      const held: { child: number; amounts: Amounts }[] = [];
      let largest = 0;
      for (const [child, wanted, settles] of turns) {
        const made = reserveShared([children[child]!, root], wanted);
        if (made.kind === "reserved") {
          [children[child], root] = [made.chain[0]!, made.chain[1]!];
          held.push({ child, amounts: made.held });
          largest = Math.max(largest, made.held.micros);
        }
        const done = settles ? held.shift() : undefined;
        if (done !== undefined) {
          const before = [children[done.child]!, root];
          const after = settleShared(before, done.amounts, done.amounts);
          [children[done.child], root] = [after[0]!, after[1]!];
        }
        const used = root.spent.micros + root.reserved.micros;
        expect(used).toBeLessThanOrEqual(Math.max(cap, cap - 1 + largest));
        const total = children.reduce((sum, { spent }) => sum + spent.micros, 0);
        expect(total).toBe(root.spent.micros);
      }
      for (const { child, amounts } of held)
        settleShared([children[child]!, root], amounts, nothing);
    }),
    { numRuns: scaled({ test: 300, prove: 10_000 }), seed: seed() },
  );
});

const noAmounts = [
  Number.NaN,
  -1,
  0.5,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 53,
];

test.each(noAmounts)("I8: %d is no cap, no cost and nothing held", (odd) => {
  const budget = createBudget({ ...open, micros: 100 });
  expect(() => createBudget({ ...open, micros: odd })).toThrow(/a cap of micros/);
  expect(() => raiseBudget(budget, { ...open, tokens: odd })).toThrow(/a cap of tokens/);
  expect(() => settleBudget(budget, nothing, { ...nothing, micros: odd })).toThrow(
    /a cost of micros/,
  );
  expect(() => settleBudget(budget, { ...nothing, calls: odd }, nothing)).toThrow(/calls/);
});

test("I8: sums stay whole: what would pass 2^53 is refused, or told as a bug once it is spent", () => {
  const most = Number.MAX_SAFE_INTEGER;
  const first = reserveBudget(createBudget(open), { micros: most, tokens: 0, calls: 1 });
  if (first.kind === "refused") throw new Error(first.reason);
  expect(reserveBudget(first.budget, { micros: 1, tokens: 0, calls: 1 })).toEqual({
    kind: "refused",
    over: "micros",
    reason: "cap",
  });
  const spent = settleBudget(first.budget, first.held, first.held);
  expect(() => settleBudget(spent, nothing, { ...nothing, micros: 1 })).toThrow(/micros/);
});

test("a chain without a budget in it is a bug, not a free pass", () => {
  expect(() => reserveShared([], { micros: 0, tokens: 0, calls: 1 })).toThrow(/no budget/);
});

test("I8: whatever numbers come, a budget stays whole and is never opened", () => {
  const odd = fc.oneof(fc.nat(300), fc.constantFrom(...noAmounts), fc.double(), fc.integer());
  const any = fc.record({ micros: odd, tokens: odd, calls: odd });
  const given = fc.record({ estimate: any, cost: fc.option(any) });
  fc.assert(
    fc.property(fc.nat(1_000), fc.array(given, { maxLength: 30 }), (cap, steps) => {
      let budget = createBudget({ micros: cap, tokens: cap, calls: cap });
      const largest = { ...nothing };
      for (const { estimate, cost } of steps) {
        const made = reserveBudget(budget, estimate);
        if (made.kind === "refused") continue;
        for (const kind of kinds) largest[kind] = Math.max(largest[kind], made.held[kind]);
        // A cost up to what was held; an odd one throws, and leaves what was held.
        budget = made.budget;
        const within = cost !== null && kinds.every((kind) => cost[kind] <= made.held[kind]);
        if (within && kinds.every((kind) => isWhole(cost[kind])))
          budget = settleBudget(budget, made.held, cost);
        else if (within) expect(() => settleBudget(budget, made.held, cost)).toThrow(/cost/);
        for (const kind of kinds) {
          const used = budget.spent[kind] + budget.reserved[kind];
          expect(isWhole(used), `${kind} ${used}`).toBe(true);
          expect(used).toBeLessThanOrEqual(Math.max(cap, cap - 1 + largest[kind]));
        }
      }
    }),
    { numRuns: scaled({ test: 300, prove: 10_000 }), seed: seed() },
  );
});

const kinds = ["micros", "tokens", "calls"] as const;
const isWhole = (amount: number): boolean => Number.isSafeInteger(amount) && amount >= 0;
