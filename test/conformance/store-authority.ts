import { describe, expect, test } from "vitest";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newDigest, newTenant, startMs } from "./store-values.ts";

/** What authority keeps: labels of contexts, and freezes. */
export function describeAuthorityRows(under: () => StoreUnderTest): void {
  describeLabels(under);
  describeFreezes(under);
  describeSpendings(under);
}

function describeSpendings(under: () => StoreUnderTest): void {
  describe("spendings", () => {
    const place = () => ({
      tenant: newTenant(),
      budget: "daily",
      share: newDigest(),
      periodMs: startMs,
    });

    test("are leased up to the cap and never beyond, however many ask at once", async () => {
      const { spendings } = under().store;
      const one = place();
      const asks = Array.from({ length: 40 }, (_, n) =>
        spendings.lease(one, { amount: 1 + (n % 7), cap: 100 }),
      );
      const granted = (await Promise.all(asks)).reduce((sum, each) => sum + each, 0);
      expect(granted).toBe(100);
      expect(await spendings.lease(one, { amount: 1, cap: 100 })).toBe(0);
      expect(await spendings.lease(one, { amount: 50, cap: 120 })).toBe(20);
      expect(await spendings.lease({ ...one, tenant: newTenant() }, { amount: 5, cap: 3 })).toBe(3);
      expect(await spendings.lease({ ...one, share: newDigest() }, { amount: 5, cap: 9 })).toBe(5);
      expect(await spendings.lease({ ...one, periodMs: 0 }, { amount: 5, cap: 9 })).toBe(5);
    });

    test("are shown by budget and period, those of whom most is used first", async () => {
      const { spendings } = under().store;
      const one = place();
      const others = [newDigest(), newDigest()];
      await spendings.lease(one, { amount: 10, cap: 100 });
      await spendings.lease({ ...one, share: others[0]! }, { amount: 30, cap: 100 });
      await spendings.lease({ ...one, share: others[1]! }, { amount: 20, cap: 100 });
      await spendings.lease({ ...one, budget: "hourly" }, { amount: 90, cap: 100 });
      await spendings.lease({ ...one, periodMs: 0 }, { amount: 90, cap: 100 });
      await spendings.lease({ ...one, tenant: newTenant() }, { amount: 90, cap: 100 });
      expect(await spendings.read(one, 2)).toEqual({
        shares: 3,
        fullest: [
          { share: others[0], used: 30 },
          { share: others[1], used: 20 },
        ],
      });
      expect(await spendings.read({ ...one, budget: "no" }, 2)).toEqual({ shares: 0, fullest: [] });
    });

    test("what is given back can be leased again, and a lowered cap takes nothing away", async () => {
      const { spendings } = under().store;
      const one = place();
      await spendings.lease(one, { amount: 10, cap: 10 });
      await spendings.giveBack(one, 4);
      expect(await spendings.lease(one, { amount: 9, cap: 10 })).toBe(4);
      expect(await spendings.lease(one, { amount: 9, cap: 5 })).toBe(0);
      expect(await spendings.sweep(startMs, 1_000)).toBeGreaterThanOrEqual(0);
      while ((await spendings.sweep(startMs + 1, 1)) > 0);
      expect(await spendings.lease(one, { amount: 9, cap: 10 })).toBe(9);
    });
  });
}

function describeLabels(under: () => StoreUnderTest): void {
  describe("labels", () => {
    test("of a context grow, whoever adds them, and of its tenant alone", async () => {
      const { labels } = under().store;
      const context = { tenant: newTenant(), context: newDigest() };
      expect(await labels.get(context, 0)).toEqual([]);
      const given = ["untrusted", "confidential", "untrusted"] as const;
      await Promise.all(
        given.map((label) => labels.add({ ...context, labels: [label], nowMs: startMs }, 0)),
      );
      expect(await labels.get(context, startMs)).toEqual(["confidential", "untrusted"]);
      expect(await labels.get({ ...context, tenant: newTenant() }, 0)).toEqual([]);
      expect(await labels.get({ ...context, context: newDigest() }, 0)).toEqual([]);
    });

    test("are forgotten whole when nothing was added for long enough", async () => {
      const { labels } = under().store;
      const context = { tenant: newTenant(), context: newDigest() };
      await labels.add({ ...context, labels: ["confidential"], nowMs: startMs }, 0);
      expect(await labels.get(context, startMs + 1)).toEqual([]);
      await labels.add({ ...context, labels: ["untrusted"], nowMs: startMs + 10 }, startMs + 1);
      expect(await labels.get(context, startMs + 1)).toEqual(["untrusted"]);
      // A clock that is behind takes nothing away.
      await labels.add({ ...context, labels: ["untrusted"], nowMs: startMs + 2 }, 0);
      expect(await labels.get(context, startMs + 10)).toEqual(["untrusted"]);
      expect(await labels.sweep(startMs + 10, 1_000)).toBeGreaterThanOrEqual(0);
      expect(await labels.get(context, 0)).toEqual(["untrusted"]);
      while ((await labels.sweep(startMs + 11, 1)) > 0);
      expect(await labels.get(context, 0)).toEqual([]);
    });
  });
}

function describeFreezes(under: () => StoreUnderTest): void {
  describe("freezes", () => {
    test("are put once, lifted once, and stay in the record", async () => {
      const { freezes } = under().store;
      const tenant = newTenant();
      const frozen = { tenant, kind: "tool", name: "bank__pay" } as const;
      const put = { ...frozen, reason: "it pays", by: "admin", atMs: startMs };
      const puts = await Promise.all([1, 2, 3].map(() => freezes.put(put)));
      expect(puts.filter(Boolean)).toHaveLength(1);
      expect((await freezes.active()).filter((row) => row.tenant === tenant)).toEqual([put]);
      const lift = { ...frozen, by: "operator", atMs: startMs + 5 };
      const lifts = await Promise.all([1, 2, 3].map(() => freezes.lift(lift)));
      expect(lifts.filter(Boolean)).toHaveLength(1);
      expect((await freezes.active()).filter((row) => row.tenant === tenant)).toEqual([]);
      expect(await freezes.put({ ...put, reason: "again" })).toBe(true);
      expect(await freezes.list(tenant, 10)).toEqual([
        { ...put, reason: "again", lifted: null },
        { ...put, lifted: { by: "operator", atMs: startMs + 5 } },
      ]);
      expect(await freezes.list(newTenant(), 10)).toEqual([]);
      expect(await freezes.lift({ ...lift, tenant: newTenant() })).toBe(false);
    });
  });
}
