import { afterEach, beforeEach, expect, test } from "vitest";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import type { Clock } from "../ports/clock.ts";
import { createManualClock, type ManualClock } from "../ports/manual-clock.ts";
import type { Kept } from "./pool-limits.ts";
import { createPool, type PoolPlace } from "./pool.ts";

const limits = {
  mostWaiting: 4,
  mostPlaces: 3,
  ttlMs: 60_000,
  refillAfterMs: 50,
  mostTries: 3,
  retryAfterMs: 1_000,
};
const startMs = 300;

interface Thing extends Kept {
  readonly number: number;
  readonly place: string;
  readonly isGone: () => boolean;
  end(): void;
}

interface Place extends PoolPlace {
  readonly name: string;
}

let clock: Clock & Pick<ManualClock, "advance" | "sleeping"> = createManualClock(0);
let telemetry = createInMemoryTelemetry();
let things: Thing[] = [];
let starting = 0;
let mostStarting = 0;
let tries = 0;
let isBroken = false;
/** What has been taken, ever: nothing of it may be handed out again. */
let taken = new Set<number>();

function createThing(place: string): Thing {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let isGone = false;
  const end = (): void => {
    isGone = true;
    resolve();
  };
  const thing = { number: things.length, place, ended, end, kill: end, isGone: () => isGone };
  things.push(thing);
  return thing;
}

const createTestPool = () =>
  createPool<Place, Thing>({
    clock,
    telemetry,
    limits,
    start: async ({ name }) => {
      tries += 1;
      starting += 1;
      mostStarting = Math.max(mostStarting, starting);
      await clock.sleep(startMs);
      starting -= 1;
      if (isBroken) throw new Error("it does not start");
      return createThing(name);
    },
  });
let pool = createTestPool();

const place = (warm: number, name = "here"): Place => ({ name, warm });
const never = new AbortController().signal;
/** Enough turns for whatever goes on without the clock. */
const settle = async () => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};
/** In small steps, so that what begins in one of them is there in the next. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    await settle();
    clock.advance(50);
  }
  await settle();
}

async function take(from: Place) {
  const taking = pool.take(from, never);
  let isThere = false;
  void taking.then(() => {
    isThere = true;
  });
  await settle();
  if (!isThere) await pass(startMs);
  const one = await taking;
  expect(taken.has(one.kept.number)).toBe(false);
  taken.add(one.kept.number);
  return one;
}

const reasonOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => null,
    (error: unknown) => error,
  );
const waiting = () => things.filter((one) => !taken.has(one.number) && !one.isGone());

beforeEach(() => {
  clock = createManualClock(0);
  telemetry = createInMemoryTelemetry();
  [things, starting, mostStarting, tries, isBroken] = [[], 0, 0, 0, false];
  taken = new Set();
  pool = createTestPool();
});

afterEach(async () => {
  const closed = pool.close();
  await pass(startMs);
  await closed;
  expect(waiting()).toEqual([]);
});

test("starts nothing before somebody asks, and nothing at all where none may wait", async () => {
  await pass(1_000);
  expect(tries).toBe(0);
  expect((await take(place(0))).wasWarm).toBe(false);
  await pass(10_000);
  expect(tries).toBe(1);
});

test("whoever asks first waits, and the next one does not", async () => {
  expect((await take(place(3))).wasWarm).toBe(false);
  await pass(1_000);
  const second = await take(place(3));
  expect(second).toMatchObject({ wasWarm: true, kept: { number: 1 } });
  expect(telemetry.value("sandbox_claims", { start: "cold" })).toBe(1);
  expect(telemetry.value("sandbox_claims", { start: "warm" })).toBe(1);
  expect(telemetry.values("sandbox_start_seconds")).toEqual([0.3, 0.3]);
});

test("what was taken has the machine to itself before the next one is started", async () => {
  await take(place(1));
  await pass(1_000);
  const before = tries;
  await take(place(1));
  await settle();
  expect(tries).toBe(before);
  await pass(limits.refillAfterMs);
  expect(tries).toBe(before + 1);
});

test("as many wait as come while one is started, one being started at a time", async () => {
  await take(place(3));
  for (let round = 0; round < 20; round += 1) {
    await pass(2_000);
    await take(place(3));
  }
  await pass(1_000);
  // One every two seconds, and a start takes 0.3.
  expect(waiting()).toHaveLength(1);
  // Ten a second are more than three can be for.
  for (let round = 0; round < 30; round += 1) {
    await pass(100);
    void pool.take(place(3), never).then(({ kept }) => taken.add(kept.number));
    await settle();
  }
  mostStarting = starting;
  await pass(50);
  expect(mostStarting).toBeGreaterThan(0);
  await pass(600);
  expect(waiting().length).toBeLessThanOrEqual(3);
  // And once nobody comes any more, one is enough: the others grow old.
  await pass(limits.ttlMs + 1_000);
  expect(waiting()).toEqual([]);
});

test("nothing is missed by a clock that goes on while somebody looks at it", async () => {
  const still = clock;
  let looks = 0;
  clock = { ...still, monotonicMs: () => still.monotonicMs() + (looks += 1) * 0.01 };
  pool = createTestPool();
  for (let round = 0; round < 20; round += 1) {
    const one = await take(place(1));
    expect(one.wasWarm).toBe(round > 0);
    await pass(1_000);
  }
  clock = still;
});

test("one refill at a time for each place", async () => {
  await take(place(3));
  await pass(1_000);
  for (let round = 0; round < 8; round += 1) {
    void pool.take(place(3), never).then(({ kept }) => taken.add(kept.number));
    await settle();
  }
  // One waited; seven more are started for those who asked.
  expect(starting).toBe(7);
  mostStarting = 0;
  await pass(startMs - 50);
  expect(mostStarting).toBe(8);
  await pass(100);
  mostStarting = 0;
  await pass(3_000);
  expect(mostStarting).toBe(1);
  expect(waiting()).toHaveLength(3);
});

test("what nobody wants for long ends, and so does looking after that place", async () => {
  await take(place(2));
  await pass(1_000);
  expect(waiting()).toHaveLength(1);
  await pass(limits.ttlMs);
  expect(waiting()).toEqual([]);
  const before = tries;
  await pass(3 * limits.ttlMs);
  expect(tries).toBe(before);
  expect(clock.sleeping).toBe(0);
  expect(telemetry.value("sandbox_waiting")).toBe(0);
});

test("a driver that fails each time is tried a few times, with longer pauses, and then when asked", async () => {
  await take(place(2));
  isBroken = true;
  await pass(limits.ttlMs / 2);
  expect(tries).toBe(1 + limits.mostTries);
  const asked = pool.take(place(2), never);
  const refused = reasonOf(asked);
  await pass(startMs);
  expect(await refused).toMatchObject({ message: "it does not start" });
  await pass(10_000);
  expect(tries).toBe(2 + limits.mostTries);
  isBroken = false;
  expect((await take(place(2))).wasWarm).toBe(false);
  await pass(1_000);
  expect((await take(place(2))).wasWarm).toBe(true);
});

test("one that ends while it waits is not handed out, and replaced with pauses", async () => {
  await take(place(2));
  await pass(1_000);
  const [first] = waiting();
  first!.end();
  await settle();
  const after = await take(place(2));
  expect(after).toMatchObject({ wasWarm: false });
  expect(after.kept).not.toBe(first);
  // What ends at once, each time, does not keep us busy.
  await pass(1_000);
  const before = tries;
  for (let round = 0; round < 300; round += 1) {
    waiting().forEach((one) => one.end());
    await pass(50);
  }
  expect(tries - before).toBeLessThanOrEqual(limits.mostTries);
});

test("no more wait than may, over all places, and places have a bound, too", async () => {
  for (const name of ["a", "b", "c", "d", "e"]) {
    for (let round = 0; round < 4; round += 1)
      void pool.take(place(4, name), never).then(({ kept }) => taken.add(kept.number));
    await pass(startMs + 50);
  }
  await pass(5_000);
  expect(waiting().length).toBeLessThanOrEqual(limits.mostWaiting);
  expect(waiting().map((one) => one.place)).not.toContain("d");
});

test("places that differ in more than how many wait share nothing", async () => {
  await take(place(1, "here"));
  await pass(1_000);
  expect((await take(place(1, "there"))).wasWarm).toBe(false);
  expect((await take(place(2, "here"))).wasWarm).toBe(true);
});

test("what is started for somebody who left is ended", async () => {
  const leaving = new AbortController();
  const taking = pool.take(place(0), leaving.signal);
  const left = reasonOf(taking);
  await settle();
  leaving.abort(new Error("changed my mind"));
  expect(await left).toMatchObject({ message: "changed my mind" });
  await pass(startMs);
  expect(things.map((one) => one.isGone())).toEqual([true]);
});

test("closing waits for what was started for somebody, and ends it", async () => {
  const refused = reasonOf(pool.take(place(0), never));
  await settle();
  let isClosed = false;
  const closed = pool.close().then(() => {
    isClosed = true;
  });
  expect(await refused).toMatchObject({ code: "draining" });
  await settle();
  expect(isClosed).toBe(false);
  await pass(startMs);
  await closed;
  expect(things.map((one) => one.isGone())).toEqual([true]);
});

test("closing ends what waits and what is being started, and nothing is started after it", async () => {
  await take(place(2));
  await pass(1_000);
  await take(place(2));
  const asked = pool.take(place(0, "other"), never);
  const refused = reasonOf(asked);
  await pass(50);
  expect(starting).toBe(2);
  let isClosed = false;
  const closed = pool.close().then(() => {
    isClosed = true;
  });
  expect(await refused).toMatchObject({ code: "draining" });
  await settle();
  expect(isClosed).toBe(false);
  await pass(startMs);
  await closed;
  expect(things.filter((one) => !taken.has(one.number)).every((one) => one.isGone())).toBe(true);
  await expect(pool.take(place(2), never)).rejects.toMatchObject({ code: "draining" });
  expect(clock.sleeping).toBe(0);
});
