import { expect, test } from "vitest";
import { adminKey, approverKey, noCosts, startTestApi, tell } from "../../test/start-api.ts";
import { newEntryId, newRun, toBytes } from "../../test/conformance/store-values.ts";
import { budgetPeriods } from "../model/config-budgets.ts";
import { toDigest, type TenantId } from "../model/index.ts";
import { toDay } from "../ports/cost-rows.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createManualClock } from "../ports/manual-clock.ts";

const nowMs = Date.UTC(2026, 10, 21, 15, 30);
const today = toDay(nowMs);
const tenant = "default" as TenantId;
const ann = `${tenant}\nuser\nann`;
const empty = { servers: new Map(), toolsets: new Map() } as never;

async function open() {
  const store = createInMemoryStore();
  const daily = { each: "principal", per: "day", money: 5_000_000, calls: 20 } as const;
  const api = await startTestApi({
    clock: createManualClock(nowMs),
    catalog: () => empty,
    costs: {
      ...noCosts(),
      rows: store.costs,
      runs: store.runs,
      spendings: store.spendings,
      budgets: () => ({ daily }),
    },
  });
  const ask = (path: string, key = adminKey) => tell(api.url, path, { key });
  return { store, ask };
}

async function spendInRun(store: ReturnType<typeof createInMemoryStore>, micros: number) {
  const run = newRun();
  const about = { agent: "clerk", subject: ann, parent: null, createdAtMs: nowMs };
  await store.runs.create({ run, tenant, events: [], about });
  const cost = { day: today, kind: "model", name: "large", micros, tokens: 10 } as const;
  const ends = { state: "completed", ended: true, endedAtMs: nowMs } as const;
  const append = { run, epoch: 0, head: 0, events: [toBytes("e")], costs: [cost], ...ends };
  await store.commit({ append });
  return run;
}

test("sums say from when on they are, and what a completed run costs", async () => {
  const { store, ask } = await open();
  expect((await ask("/v1/costs?days=1")).body).toMatchObject({
    since: "2026-11-21",
    kept: null,
    cut: false,
    completed: 0,
    perCompleted: null,
    total: { money: "0", tokens: 0 },
  });
  const dear = await spendInRun(store, 1_500_000);
  await spendInRun(store, 1);
  const whose = { entry: newEntryId(), tenant, agent: null, subject: ann, isUnknown: true };
  const unpriced = { day: today - 6, kind: "model", name: "small", micros: 0, tokens: 4 } as const;
  await store.costs.add({ ...whose, ...unpriced });
  const { body } = await ask("/v1/costs?days=7");
  expect(body).toMatchObject({
    from: "2026-11-15",
    to: "2026-11-21",
    since: "2026-11-15",
    kept: "2026-11-15",
    total: { money: "1.500001", tokens: 24 },
    unknown: 1,
    completed: 2,
    // Never rounded down: 0.7500005 each.
    perCompleted: "0.750001",
    subjects: [{ name: "user:ann", money: "1.500001" }],
  });
  expect(body.dearest[0]).toMatchObject({ run: dear, agent: "clerk", money: "1.5" });
  expect((await ask("/v1/costs?days=6")).body).toMatchObject({ unknown: 0 });
});

test("a sum may be larger than any amount that somebody could configure", async () => {
  const { store, ask } = await open();
  await spendInRun(store, 999_999_999_000_000);
  await spendInRun(store, 1_500_000);
  const { status, body } = await ask("/v1/costs");
  expect([status, body.total.money]).toEqual([200, "1000000000.5"]);
});

test("a budget is shown as full as it is now, with the name of whoever's share is known", async () => {
  const { store, ask } = await open();
  const periodMs = Math.floor(nowMs / budgetPeriods.day) * budgetPeriods.day;
  const place = (budget: string, share: string) => ({
    tenant,
    budget,
    share: toDigest(share),
    periodMs,
  });
  await spendInRun(store, 1);
  const hers = place("daily money", `principal\n${ann}`);
  await store.spendings.lease(hers, { amount: 1_250_000, cap: 5_000_000 });
  const another = place("daily money", "principal\nsomebody");
  await store.spendings.lease(another, { amount: 2, cap: 5_000_000 });
  const { budgets } = (await ask("/v1/budgets")).body;
  const period = { began: "2026-11-21T00:00:00.000Z", ends: "2026-11-22T00:00:00.000Z" };
  const daily = { ...period, name: "daily", each: "principal", per: "day" };
  expect(budgets).toEqual([
    {
      ...daily,
      kind: "money",
      cap: "5",
      shares: 2,
      fullest: [
        { name: "user:ann", used: "1.25" },
        { name: null, used: "0.000002" },
      ],
    },
    {
      ...daily,
      kind: "calls",
      cap: "20",
      shares: 0,
      fullest: [],
    },
  ]);
});

test("what a tenant spends is not for whoever only decides on approvals", async () => {
  const { ask } = await open();
  expect((await ask("/v1/costs", approverKey)).status).toBe(403);
  expect((await ask("/v1/budgets", approverKey)).status).toBe(403);
  expect((await ask("/v1/costs?days=400")).status).toBe(400);
});
