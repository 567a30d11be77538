import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { configSchema } from "../model/config.ts";
import { Fault, type Principal, type TenantId } from "../model/index.ts";
import type { Held, Spending } from "../ports/budgets.ts";
import { createInMemorySpendings } from "../ports/in-memory-spendings.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createBudgets } from "./budgets.ts";
import { createLeases, type Leases } from "./leases.ts";

const startMs = Date.parse("2026-11-20T10:00:00Z");
const ada: Principal = {
  tenant: "default" as TenantId,
  kind: "user",
  subject: "ada",
  actor: null,
};
const pay: Spending = { principal: ada, server: "bank", tool: "bank__pay", priceMicros: 1_500_000 };

function open(
  budgets: Record<string, object>,
  { rows = createInMemorySpendings(), clock = createManualClock(startMs) } = {},
) {
  const config = configSchema.parse({ version: 1, budgets }).budgets;
  const leases = createLeases({ rows, clock });
  const made = createBudgets({ budgets: config, leases, clock })!;
  const reserve = async (more: Partial<Spending> = {}): Promise<Held | null> =>
    made.reserve({ ...pay, ...more });
  const attempt = async (more: Partial<Spending> = {}): Promise<string> =>
    reserve(more).then(
      () => "held",
      (error: unknown) => (error instanceof Fault ? error.code : String(error)),
    );
  return { rows, clock, leases, reserve, attempt };
}

async function countHeld(attempt: () => Promise<string>, times: number): Promise<number> {
  let held = 0;
  for (let each = 0; each < times; each += 1) if ((await attempt()) === "held") held += 1;
  return held;
}

test("without budgets there is nothing to ask", () => {
  const clock = createManualClock(startMs);
  const leases = createLeases({ rows: createInMemorySpendings(), clock });
  expect(createBudgets({ budgets: {}, leases, clock })).toBeNull();
});

test("calls are counted by sharer, and begin anew with the period", async () => {
  const { attempt, clock } = open({ daily: { each: "principal", calls: 7, per: "day" } });
  expect(await countHeld(attempt, 20)).toBe(7);
  expect(await attempt()).toBe("budget_exhausted");
  const bob = { principal: { ...ada, subject: "bob" } };
  expect(await countHeld(() => attempt(bob), 20)).toBe(7);
  const elsewhere = { principal: { ...ada, tenant: "other" as TenantId } };
  expect(await countHeld(() => attempt(elsewhere), 20)).toBe(7);
  clock.advance(14 * 3_600_000 - 1);
  expect(await attempt()).toBe("budget_exhausted");
  clock.advance(1);
  expect(await countHeld(attempt, 20)).toBe(7);
});

test("I8: money is counted in prices, and what has none is refused, not free", async () => {
  const { attempt } = open({ daily: { each: "tenant", money: "10.00" } });
  expect(await attempt({ priceMicros: null })).toBe("price_unknown");
  expect(await countHeld(attempt, 20)).toBe(6);
  expect(await attempt({ priceMicros: 1_000_000 })).toBe("held");
  expect(await attempt({ priceMicros: 1 })).toBe("budget_exhausted");
  expect(await attempt({ priceMicros: 0 })).toBe("held");
  expect(await attempt({ tool: null, priceMicros: null })).toBe("held");
});

test("I8: money holds of a model without a charge, too: one without a price may not answer for it", async () => {
  const { reserve, attempt } = open({ daily: { each: "tenant", money: "0.01" } });
  const ask = { server: null, tool: null, model: "small", priceMicros: 0 };
  const held = await reserve(ask);
  expect(held?.isMoney).toBe(true);
  held?.settle(10_000);
  expect(await attempt({ ...ask, priceMicros: 1 })).toBe("budget_exhausted");
});

test("a budget is about the tools that it names, an agent's about agents", async () => {
  const { attempt, reserve } = open({
    banking: { each: "tool", calls: 2, tools: ["bank__*"] },
    agents: { each: "agent", calls: 3 },
  });
  expect(await countHeld(attempt, 5)).toBe(2);
  expect(await countHeld(() => attempt({ tool: "bank__see" }), 5)).toBe(2);
  expect(await reserve({ tool: "mail__send" })).toBeNull();
  const actor = { agent: "travel", bundle: `sha256:${"0".repeat(64)}` as never };
  const agent = { tool: "mail__send", principal: { ...ada, actor } };
  expect(await countHeld(() => attempt(agent), 5)).toBe(3);
});

test("of several budgets all hold or none, and what was not sent is given back", async () => {
  const { attempt, reserve } = open({
    mine: { each: "principal", calls: 5 },
    ours: { each: "tenant", calls: 3 },
  });
  const held = await Promise.all([reserve(), reserve(), reserve()]);
  expect(await attempt()).toBe("budget_exhausted");
  held[0]!.giveBack();
  expect(await countHeld(attempt, 5)).toBe(1);
  // Refused ones took nothing from the other budget.
  const bob = { principal: { ...ada, subject: "bob" } };
  expect(await attempt(bob)).toBe("budget_exhausted");
  held[1]!.giveBack();
  expect(await attempt(bob)).toBe("held");
});

test("when the store does not answer nothing is spent", async () => {
  const rows = createInMemorySpendings();
  const lease = () => Promise.reject(new Fault("store_unavailable", "No."));
  const { attempt } = open({ daily: { calls: 5 } }, { rows: { ...rows, lease } });
  expect(await attempt()).toBe("store_unavailable");
  expect(await attempt()).toBe("store_unavailable");
});

test("an exhausted budget does not ask the store for each call", async () => {
  const rows = createInMemorySpendings();
  let asked = 0;
  const counted: typeof rows = { ...rows, lease: (...given) => (asked++, rows.lease(...given)) };
  const { attempt, clock } = open({ daily: { calls: 5 } }, { rows: counted });
  expect(await countHeld(attempt, 1_000)).toBe(5);
  const before = asked;
  clock.advance(1_001);
  await attempt();
  await attempt();
  expect([before, asked]).toEqual([before, before + 1]);
});

test("money is leased for many calls at once, too", async () => {
  const rows = createInMemorySpendings();
  let asked = 0;
  const counted: typeof rows = { ...rows, lease: (...given) => (asked++, rows.lease(...given)) };
  const { attempt } = open({ daily: { money: "15000.00" } }, { rows: counted });
  expect(await countHeld(attempt, 400)).toBe(400);
  expect(asked).toBe(4);
});

test("I8: never above the cap, whatever replicas do; below it by a lease of each that was killed", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 400 }),
      fc.array(
        fc.record({
          replica: fc.nat({ max: 2 }),
          kind: fc.constantFrom("take", "take", "take", "back", "kill", "stop"),
        }),
        {
          maxLength: 300,
        },
      ),
      async (cap, steps) => {
        const rows = createInMemorySpendings();
        const clock = createManualClock(startMs);
        const start = () => open({ daily: { each: "tenant", calls: cap } }, { rows, clock });
        const replicas = [start(), start(), start()];
        const held: Held[] = [];
        let [spent, kills] = [0, 0];
        for (const { replica, kind } of steps) {
          const one = replicas[replica]!;
          if (kind === "take") {
            const got = await one.reserve().catch(() => null);
            if (got !== null) [spent] = [spent + 1, held.push(got)];
          } else if (kind === "back" && held.length > 0) {
            // Given back where it was taken, or to nobody when that one is gone.
            held.pop()!.giveBack();
            spent -= 1;
          } else if (kind === "stop" || kind === "kill") {
            if (kind === "stop") await one.leases.close();
            else kills += 1;
            replicas[replica] = start();
          }
          expect(spent).toBeLessThanOrEqual(cap);
        }
        clock.advance(1_001);
        for (const one of replicas) while ((await one.attempt()) === "held") spent += 1;
        const lease = Math.max(1, Math.min(100, Math.floor(cap / 50)));
        const lost = held.length + kills * lease;
        expect(spent).toBeLessThanOrEqual(cap);
        expect(spent).toBeGreaterThanOrEqual(cap - lost - steps.length);
      },
    ),
    { numRuns: scaled({ test: 50, prove: 1_000 }), seed: seed() },
  );
});

test("what a budget gave goes back when another one fails at once", () => {
  const taken: number[] = [];
  const leases: Leases = {
    take: (_, amount) => {
      if (taken.length === 1) throw new Fault("overloaded", "Too many.");
      taken.push(amount);
      return undefined;
    },
    giveBack: (_, amount) => void taken.push(-amount),
    close: async () => undefined,
  };
  const { budgets } = configSchema.parse({
    version: 1,
    budgets: { mine: { each: "principal", calls: 5 }, ours: { each: "tenant", calls: 3 } },
  });
  const made = createBudgets({ budgets, leases, clock: createManualClock(startMs) })!;
  expect(() => made.reserve(pay)).toThrow("Too many.");
  expect(taken).toEqual([1, -1]);
});

const ask = { server: null, tool: null, model: "small", priceMicros: 1_000_000 };

test("I8: a model holds the most that it can cost, and settles for what it did cost", async () => {
  const { reserve, attempt } = open({ daily: { each: "tenant", money: "2", models: ["sm*"] } });
  const held = await reserve(ask);
  expect([held?.isMoney, await attempt(ask), await attempt(ask)]).toEqual([
    true,
    "held",
    "budget_exhausted",
  ]);
  held!.settle(100_000);
  expect(await attempt({ ...ask, priceMicros: 900_000 })).toBe("held");
  expect(await attempt({ ...ask, priceMicros: 1 })).toBe("budget_exhausted");
  expect(await attempt({ ...ask, priceMicros: null })).toBe("price_unknown");
  // It is about models alone, and not about all of them.
  expect([await reserve(), await reserve({ ...ask, model: "large" })]).toEqual([null, null]);
});

test("a cost beyond what was held is used up, too", async () => {
  const { reserve, attempt } = open({ daily: { each: "tenant", money: "3", models: ["*"] } });
  (await reserve(ask))!.settle(2_500_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await attempt({ ...ask, priceMicros: 500_001 })).toBe("budget_exhausted");
  const last = await reserve({ ...ask, priceMicros: 400_000 });
  // More than is left: the budget is passed by this one, and no other.
  last!.settle(9_000_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await attempt({ ...ask, priceMicros: 200_000 })).toBe("budget_exhausted");
});

test.each([
  ["without tools and models it is about both", {}, [1, 1]],
  ["with tools it is about those alone", { tools: ["bank__*"] }, [1, 0]],
  ["with models it is about those alone", { models: ["small"] }, [0, 1]],
  ["with both it is about both", { tools: ["bank__*"], models: ["small"] }, [1, 1]],
])("%s", async (_case, about, [tools, models]) => {
  const { reserve } = open({ daily: { each: "tenant", calls: 100, ...about } });
  const isHeld = async (more: Partial<Spending>) => ((await reserve(more)) === null ? 0 : 1);
  expect([await isHeld({}), await isHeld(ask)]).toEqual([tools, models]);
});

test("each tool's budget is each model's, and each server's is that of all models together", async () => {
  const other = { ...ask, model: "large" };
  const byModel = open({ daily: { each: "tool", calls: 1, models: ["*"] } });
  expect([await byModel.attempt(ask), await byModel.attempt(other)]).toEqual(["held", "held"]);
  expect(await byModel.attempt(ask)).toBe("budget_exhausted");
  const together = open({ daily: { each: "server", calls: 1, models: ["*"] } });
  expect([await together.attempt(ask), await together.attempt(other)]).toEqual([
    "held",
    "budget_exhausted",
  ]);
});
