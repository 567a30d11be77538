import { expect, test } from "vitest";
import type { RunId, TenantId } from "../../model/index.ts";
import type { WakeNow } from "../../ports/run-rows.ts";
import { EnqueueBatch } from "./enqueue-batch.ts";

const toWake = (run: string): WakeNow => ({ run: run as RunId, tenant: "acme" as TenantId });

test("what comes while a batch is under way goes together in the next", async () => {
  const sent: string[][] = [];
  const gate = Promise.withResolvers<void>();
  const batch = new EnqueueBatch(async (wakes) => {
    sent.push(wakes.map(({ run }) => run));
    await gate.promise;
  });
  const first = batch.add([toWake("a")]);
  await new Promise(setImmediate);
  const others = [batch.add([toWake("b")]), batch.add([toWake("c"), toWake("d")])];
  await new Promise(setImmediate);
  expect(sent).toEqual([["a"]]);
  gate.resolve();
  await Promise.all([first, ...others]);
  expect(sent).toEqual([["a"], ["b", "c", "d"]]);
});

test("a batch that fails fails for its callers alone", async () => {
  const batch = new EnqueueBatch(async (wakes) => {
    if (wakes[0]!.run === ("a" as RunId)) throw new Error("down");
  });
  await expect(batch.add([toWake("a")])).rejects.toThrow("down");
  await batch.add([toWake("b")]);
});

test("what waits is bounded", async () => {
  const gate = Promise.withResolvers<void>();
  const batch = new EnqueueBatch(() => gate.promise);
  const many = Array.from({ length: 20_000 }, (_, index) => toWake(`r${index}`));
  const waiting = batch.add(many);
  await expect(batch.add([toWake("one more")])).rejects.toMatchObject({ code: "store_busy" });
  gate.resolve();
  await waiting;
});
