import { expect, test } from "vitest";
import type { TenantId } from "../model/index.ts";
import type { CostRows } from "../ports/cost-rows.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { shareSums } from "./share-sums.ts";

const [own, other] = ["default", "other"] as TenantId[] as [TenantId, TenantId];
const week = { fromDay: 1, toDay: 8, mostRows: 10 };

/** Sums that take so long, and who asked for them. */
function open(tookMs: () => number) {
  const clock = createManualClock(0);
  const { costs } = createInMemoryStore();
  const asked: TenantId[] = [];
  const read: CostRows["read"] = async (tenant, range) => {
    asked.push(tenant);
    await Promise.resolve();
    clock.advance(tookMs());
    return costs.read(tenant, range);
  };
  return { clock, asked, read: shareSums({ read }, clock) };
}

test("many who ask at once have it added up once, each tenant and each range for itself", async () => {
  const { asked, read } = open(() => 0);
  await Promise.all([read(own, week), read(own, week), read(own, week)]);
  expect(asked).toEqual([own]);
  await Promise.all([read(own, week), read(other, week), read(own, { ...week, fromDay: 2 })]);
  expect(asked).toEqual([own, own, other, own]);
});

test("what takes long is kept ten times as long, and what is quick is not", async () => {
  let tookMs = 500;
  const { clock, asked, read } = open(() => tookMs);
  await read(own, week);
  clock.advance(4_900);
  await read(own, week);
  expect(asked).toHaveLength(1);
  clock.advance(100);
  tookMs = 49;
  await read(own, week);
  await read(own, week);
  expect(asked).toHaveLength(3);
});

test("that it failed is told to all who waited, and is not kept", async () => {
  const { asked, read } = open(() => {
    if (asked.length === 1) throw new Error("the store is gone");
    return 0;
  });
  const both = await Promise.allSettled([read(own, week), read(own, week)]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(read(own, week)).resolves.toMatchObject({ unknown: 0 });
});
