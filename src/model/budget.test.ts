import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import {
  createBudget,
  nothing,
  reserveBudget,
  reserveShared,
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
