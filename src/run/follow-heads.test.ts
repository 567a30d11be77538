import { setImmediate as breathe } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { scaled } from "../../test/scale.ts";
import { toUuidV7, type RunId, type TenantId } from "../model/index.ts";
import { createInMemoryBus } from "../ports/in-memory-bus.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { storeLimits } from "../ports/store-limits.ts";
import { followHeads } from "./follow-heads.ts";
import { openRunNews } from "./run-news.ts";

const tenant = "default" as TenantId;
const event = new TextEncoder().encode("event");
const never = () => new AbortController().signal;
const settle = async () => {
  for (let turn = 0; turn < 5; turn += 1) await breathe();
};

async function open() {
  const clock = createManualClock(1_795_000_000_000);
  const { runs, commit } = createInMemoryStore();
  const news = await openRunNews(createInMemoryBus());
  const asked: (readonly RunId[])[] = [];
  const broken: { by: Promise<void> | null } = { by: null };
  const heads = followHeads({
    news,
    clock,
    runs: {
      async heads(ids) {
        asked.push(ids);
        await broken.by;
        return runs.heads(ids);
      },
    },
  });
  let made = 0;
  const changed = (run: RunId, seq: number, signal = never()) => {
    const told = { is: false };
    void heads.changed(run, seq, signal).then(() => void (told.is = true));
    return told;
  };
  return {
    clock,
    news,
    asked,
    broken,
    heads,
    changed,
    toId: () => toUuidV7(clock.nowMs() + (made += 1), new Uint8Array(10)) as RunId,
    async make(): Promise<RunId> {
      const run = toUuidV7(clock.nowMs() + (made += 1), new Uint8Array(10)) as RunId;
      await runs.create({ run, tenant, events: [event] });
      return run;
    },
    append: (run: RunId, head: number, ended = false) =>
      commit({ append: { run, epoch: 0, head, events: [event], ended } }),
    async after(ms: number) {
      clock.advance(ms);
      await settle();
    },
  };
}

describe("whoever follows a run", () => {
  test("goes on soon where there is something new, it has ended, or it is not there", async () => {
    const { make, toId, append, changed, after, asked } = await open();
    const [behind, over, still] = [await make(), await make(), await make()];
    await append(over, 1, true);
    const told = [changed(behind, 0), changed(over, 2), changed(toId(), 0), changed(still, 1)];
    await settle();
    // The first begins the looking, and the others are gathered for the next look.
    expect(told.map(({ is }) => is)).toEqual([true, false, false, false]);
    await after(25);
    expect(told.map(({ is }) => is)).toEqual([true, true, true, false]);
    expect(asked.map((ids) => ids.length)).toEqual([1, 3]);
  });

  test("hears at once of what is noted here, without a question, if it is new to it", async () => {
    const { make, changed, news, asked } = await open();
    const run = await make();
    const [knows, lacks] = [changed(run, 2), changed(run, 1)];
    await settle();
    const before = asked.length;
    news.noted(run, 2);
    await settle();
    expect([knows.is, lacks.is, asked.length]).toEqual([false, true, before]);
  });

  test("hears half a second later of what is noted elsewhere", async () => {
    const { make, append, changed, after } = await open();
    const run = await make();
    const told = changed(run, 1);
    await settle();
    await append(run, 1);
    await after(499);
    expect(told.is).toBe(false);
    await after(1);
    expect(told.is).toBe(true);
  });

  test("misses nothing that was noted between its reading and its waiting", async () => {
    const { make, append, changed, news, after } = await open();
    const [busy, run] = [await make(), await make()];
    changed(busy, 1);
    await settle();
    await append(run, 1);
    news.noted(run, 2);
    const told = changed(run, 1);
    await after(25);
    expect(told.is).toBe(true);
  });

  test("goes on when its signal fires, and at once when it had fired", async () => {
    const { make, changed, clock, asked } = await open();
    const run = await make();
    const left = new AbortController();
    const [leaves, stays] = [changed(run, 1, left.signal), changed(run, 1)];
    await settle();
    left.abort();
    await settle();
    expect([leaves.is, stays.is, clock.sleeping]).toEqual([true, false, 1]);
    const before = asked.length;
    const late = changed(run, 1, left.signal);
    await settle();
    expect([late.is, asked.length]).toEqual([true, before]);
  });

  test("waits on while the store is out of reach, and hears of it afterwards", async () => {
    const { make, append, changed, broken, news, after } = await open();
    const [run, other] = [await make(), await make()];
    broken.by = Promise.reject(new Error("the store is gone"));
    const told = [changed(run, 1), changed(other, 1)];
    await append(run, 1);
    await after(25);
    await after(500);
    expect(told.map(({ is }) => is)).toEqual([false, false]);
    // What is noted here needs no store.
    news.noted(other, 2);
    await settle();
    expect(told.map(({ is }) => is)).toEqual([false, true]);
    broken.by = null;
    await after(500);
    expect(told[0]!.is).toBe(true);
  });
});

describe("the store is asked", () => {
  test("once in half a second, however many streams follow however many runs", async () => {
    const { make, changed, after, asked } = await open();
    const runs = await Promise.all(Array.from({ length: 64 }, () => make()));
    const streams = scaled({ test: 4_096, prove: 65_536 });
    for (let at = 0; at < streams; at += 1) changed(runs[at % runs.length]!, 1);
    await settle();
    await after(25);
    asked.length = 0;
    for (let ms = 0; ms < 10_000; ms += 100) await after(100);
    expect(asked.length).toBe(20);
    for (const ids of asked) expect(ids.toSorted()).toEqual(runs.toSorted());
  });

  test("not more often than it gathers, however fast streams come and go", async () => {
    const { make, changed, after, asked } = await open();
    const runs = await Promise.all(Array.from({ length: 200 }, () => make()));
    const told = [];
    for (const run of runs) {
      told.push(changed(run, 0));
      await after(5);
    }
    await after(25);
    expect(told.every(({ is }) => is)).toBe(true);
    expect(asked.length).toBeLessThanOrEqual((200 * 5) / 25 + 2);
  });

  test("nothing when nobody follows, and again for whoever comes then", async () => {
    const { make, append, changed, clock, after, asked } = await open();
    const run = await make();
    for (let round = 0; round < 3; round += 1) {
      const left = new AbortController();
      changed(run, 1, left.signal);
      await after(600);
      left.abort();
      await settle();
      asked.length = 0;
      await after(5_000);
      expect([asked.length, clock.sleeping]).toEqual([0, 0]);
    }
    const told = changed(run, 1);
    await settle();
    await append(run, 1);
    await after(500);
    expect(told.is).toBe(true);
  });

  test("one question at a time", async () => {
    const { make, changed, clock, broken, asked, after } = await open();
    const run = await make();
    const slow = Promise.withResolvers<void>();
    broken.by = slow.promise;
    changed(run, 1);
    for (let at = 0; at < 20; at += 1) {
      changed(run, 1);
      await after(500);
    }
    expect([asked.length, clock.sleeping]).toEqual([1, 0]);
    slow.resolve();
    await settle();
    expect(asked.length).toBe(2);
  });

  test("for a page at most, and the others have their turn at the next look", async () => {
    const { make, append, changed, asked, after } = await open();
    const runs: RunId[] = [];
    while (runs.length <= storeLimits.rowsPerPage) runs.push(await make());
    const told = runs.map((run) => changed(run, 1));
    await settle();
    for (let looks = 0; looks < 3; looks += 1) await after(25);
    const [first, last] = [runs[0]!, runs.at(-1)!];
    await Promise.all([append(first, 1), append(last, 1)]);
    asked.length = 0;
    await after(500);
    await after(500);
    expect(asked.map((ids) => ids.length)).toEqual([1, 2].map(() => storeLimits.rowsPerPage));
    expect(told.flatMap(({ is }, at) => (is ? [runs[at]] : []))).toEqual([first, last]);
  });
});

test("at its end everybody goes on, and nothing is looked at any more", async () => {
  const { make, changed, clock, heads, asked } = await open();
  const runs = [await make(), await make()];
  const told = runs.flatMap((run) => [changed(run, 1), changed(run, 1)]);
  await settle();
  await heads.close();
  expect([told.every(({ is }) => is), clock.sleeping]).toEqual([true, 0]);
  const before = asked.length;
  const late = changed(runs[0]!, 1);
  await settle();
  expect([late.is, asked.length]).toEqual([true, before]);
  await heads.close();
});
