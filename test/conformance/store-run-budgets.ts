import { describe, expect, test } from "vitest";
import type { Amounts, Caps } from "../../src/model/budget.ts";
import { nothing } from "../../src/model/budget.ts";
import type { RunId } from "../../src/model/index.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import type { RunBudgets } from "../../src/ports/run-rows.ts";
import type { Store } from "../../src/ports/store.ts";
import { scaled, seed } from "../scale.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newRun, newTenant } from "./store-values.ts";

const noCaps: Caps = { micros: null, tokens: null, calls: null };
const toAmounts = (changes: Partial<Amounts>): Amounts => ({ ...nothing, ...changes });

async function openTree(
  { runBudgets }: Store,
  caps: Partial<Caps>,
  spent: Partial<Amounts> = {},
): Promise<RunId> {
  const root = newRun();
  const opening = { tenant: newTenant(), caps: { ...noCaps, ...caps }, spent: toAmounts(spent) };
  await runBudgets.open(root, opening);
  return root;
}

export function describeRunBudgets(under: () => StoreUnderTest): void {
  describe("budgets of trees of runs", () => {
    test("are opened once, and raised", async () => {
      const { runBudgets } = under().store;
      const [root, tenant] = [newRun(), newTenant()];
      expect(await runBudgets.read(root)).toBeNull();
      const caps = { micros: 100, tokens: null, calls: 3 };
      const spent = { micros: 7, tokens: 8, calls: 1 };
      await runBudgets.open(root, { tenant, caps, spent });
      await runBudgets.open(root, { tenant, caps: noCaps, spent: nothing });
      expect(await runBudgets.read(root)).toEqual({ tenant, caps, spent, held: nothing });
      const raised = { micros: 200, tokens: 5, calls: null };
      await runBudgets.raise(root, raised);
      expect(await runBudgets.read(root)).toEqual({ tenant, caps: raised, spent, held: nothing });
      await runBudgets.raise(newRun(), raised);
    });

    test("refuse once what is spent and held has reached the cap, by kind", async () => {
      const { store } = under();
      const { runBudgets } = store;
      const root = await openTree(store, { micros: 10, calls: 2 }, { micros: 4 });
      const run = newRun();
      const hold = (slot: string, amounts: Partial<Amounts>) =>
        runBudgets.hold({ root, run, slot, amounts: toAmounts(amounts) });
      expect(await hold("a", { micros: 5, tokens: 1_000, calls: 1 })).toBe("held");
      // Below the cap by one: a hold may pass it, the next one may not.
      expect(await hold("b", { micros: 50 })).toBe("held");
      expect(await hold("c", { micros: 1 })).toBe("micros");
      expect(await hold("c", { calls: 1 })).toBe("held");
      expect(await hold("d", { calls: 1 })).toBe("calls");
      expect(await hold("d", { micros: 1, calls: 1 })).toBe("micros");
      expect(await hold("e", { tokens: 5 })).toBe("held");
      expect(await runBudgets.read(root)).toMatchObject({
        spent: { micros: 4, tokens: 0, calls: 0 },
        held: { micros: 55, tokens: 1_005, calls: 2 },
      });
      await runBudgets.raise(root, { ...noCaps, micros: 60, calls: 3 });
      expect(await hold("d", { micros: 1, calls: 1 })).toBe("held");
    });

    test("hold and settle a slot once, whatever is asked again", async () => {
      const { store } = under();
      const { runBudgets } = store;
      const root = await openTree(store, { micros: 10 });
      const [run, other] = [newRun(), newRun()];
      const slot = { root, run, slot: "model:1:1" };
      const asked = { ...slot, amounts: toAmounts({ micros: 10 }) };
      await runBudgets.settle(slot, toAmounts({ micros: 3 }));
      expect(await runBudgets.hold(asked)).toBe("held");
      // The cap is reached, but this was held before.
      expect(await runBudgets.hold(asked)).toBe("held");
      expect(await runBudgets.hold({ ...asked, run: other })).toBe("micros");
      await runBudgets.settle({ ...slot, slot: "model:1:2" }, toAmounts({ micros: 3 }));
      expect(await runBudgets.read(root)).toMatchObject({ spent: nothing, held: { micros: 10 } });
      await runBudgets.settle(slot, { micros: 12, tokens: 40, calls: 1 });
      await runBudgets.settle(slot, { micros: 12, tokens: 40, calls: 1 });
      expect(await runBudgets.hold(asked)).toBe("held");
      expect(await runBudgets.read(root)).toMatchObject({
        spent: { micros: 12, tokens: 40, calls: 1 },
        held: nothing,
      });
    });

    test("beyond exact sums everything is refused, and spending never wraps", async () => {
      const { store } = under();
      const { runBudgets } = store;
      const most = Number.MAX_SAFE_INTEGER;
      const root = await openTree(store, {}, { tokens: most - 1 });
      const slot = { root, run: newRun(), slot: "a" };
      const hold = (name: string, tokens: number) =>
        runBudgets.hold({ ...slot, slot: name, amounts: toAmounts({ tokens }) });
      expect(await hold("a", 2)).toBe("tokens");
      expect(await hold("a", 1)).toBe("held");
      await runBudgets.settle(slot, toAmounts({ tokens: most }));
      expect((await runBudgets.read(root))?.spent.tokens).toBe(most);
      expect(await hold("b", 1)).toBe("tokens");
      expect(await hold("b", 0)).toBe("held");
    });

    test("refuse what is no amount, and a tree that nobody opened", async () => {
      const { store } = under();
      const { runBudgets } = store;
      const root = await openTree(store, { micros: 10 });
      const slot = { root, run: newRun(), slot: "a" };
      for (const micros of [-1, 0.5, Number.NaN, 2 ** 53]) {
        const amounts = toAmounts({ micros });
        const invalid = { code: "payload_invalid" };
        await expect(runBudgets.hold({ ...slot, amounts })).rejects.toMatchObject(invalid);
        await expect(runBudgets.settle(slot, amounts)).rejects.toMatchObject(invalid);
        await expect(runBudgets.raise(root, { ...noCaps, micros })).rejects.toMatchObject(invalid);
      }
      const unopened = { ...slot, root: newRun(), amounts: nothing };
      await expect(runBudgets.hold(unopened)).rejects.toMatchObject({ code: "internal" });
      expect(await runBudgets.read(root)).toMatchObject({ held: nothing, spent: nothing });
    });

    const rounds = scaled({ test: 40, prove: 1_000 });
    test(`I8: three that hold at once, ${rounds} times: never but below the cap`, async () => {
      const { store, peer } = under();
      const random = createSeededRandom(seed());
      const draw = (below: number): number => (random.bytes(2).at(0) ?? 0) % below;
      for (let round = 0; round < 4; round += 1) {
        const caps = { micros: 300 + draw(200), calls: 25 };
        const root = await openTree(store, caps);
        const holders = [store, peer, store].map(({ runBudgets }) => ({
          runBudgets,
          run: newRun(),
          wanted: Array.from({ length: rounds / 4 }, () => ({
            micros: 1 + draw(40),
            tokens: draw(9),
            calls: draw(2),
          })),
        }));
        const held = (await Promise.all(holders.map((holder) => race(root, holder)))).flat();
        const budget = (await store.runBudgets.read(root))!;
        const sum = (kind: keyof Amounts) =>
          held.reduce((total, amounts) => total + amounts[kind], 0);
        const used = { micros: sum("micros"), tokens: sum("tokens"), calls: sum("calls") };
        expect(budget.spent).toEqual(used);
        expect(budget.held).toEqual(nothing);
        // What was there before a hold was below the cap: without the largest one, it is still.
        for (const kind of ["micros", "calls"] as const) {
          const largest = Math.max(...held.map((amounts) => amounts[kind]));
          expect(used[kind] - largest).toBeLessThan(caps[kind]);
        }
      }
    });

    test("I8: of equal slots that race one is held, and one settled", async () => {
      const { store, peer } = under();
      for (let round = 0; round < 15; round += 1) {
        const root = await openTree(store, { micros: 100 });
        const slot = { root, run: newRun(), slot: "s" };
        const asked = { ...slot, amounts: toAmounts({ micros: 100 }) };
        const both = [store.runBudgets, peer.runBudgets, store.runBudgets];
        const answers = await Promise.all(both.map((each) => each.hold(asked)));
        expect(answers).toEqual(["held", "held", "held"]);
        expect((await store.runBudgets.read(root))?.held.micros).toBe(100);
        await Promise.all(both.map((each) => each.settle(slot, toAmounts({ micros: 60 }))));
        expect(await store.runBudgets.read(root)).toMatchObject({
          spent: { micros: 60 },
          held: nothing,
        });
      }
    });
  });
}

interface Holder {
  readonly runBudgets: RunBudgets;
  readonly run: RunId;
  readonly wanted: readonly Amounts[];
}

/** Holds and settles at what it held, one slot after another; what it was given. */
async function race(root: RunId, { runBudgets, run, wanted }: Holder): Promise<Amounts[]> {
  const held: Amounts[] = [];
  for (const [index, amounts] of wanted.entries()) {
    const slot = { root, run, slot: `model:${index}:1` };
    if ((await runBudgets.hold({ ...slot, amounts })) !== "held") continue;
    held.push(amounts);
    if (index % 3 === 0) await runBudgets.settle(slot, amounts);
  }
  for (const index of wanted.keys()) {
    await runBudgets.settle({ root, run, slot: `model:${index}:1` }, wanted[index]!);
  }
  return held;
}
