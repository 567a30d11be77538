import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Fault, RunId, TenantId } from "../../src/model/index.ts";
import type { Woken } from "../../src/ports/wake.ts";
import { acme, bytes, WakeBench, type WakeWorld } from "./wake-bench.ts";

export function describeWake(name: string, make: () => Promise<WakeWorld>): void {
  describe(`Wake: ${name}`, () => {
    let bench: WakeBench;
    beforeEach(async () => {
      bench = new WakeBench(await make());
    });
    afterEach(() => bench.close());
    const using = () => bench;
    testQueueing(using);
    testExclusion(using);
    testAtomicity(using);
    testRetries(using);
    testSharing(using);
    testTimers(using);
    testStopping(using);
  });
}

type Using = () => WakeBench;

function testQueueing(using: Using): void {
  test("wakes a run once, tells whose it is, and keeps nothing", async () => {
    const bench = using();
    await bench.serve();
    const run = bench.newRun();
    await bench.world.wake.wake({ run, tenant: acme });
    await bench.until("woken", () => bench.log.length > 0);
    await bench.settled();
    expect(bench.log).toEqual([{ run, tenant: acme, attempt: 0 }]);
    const nothing = { queued: 0, active: 0, parked: 0, oldestAgeMs: 0 };
    expect(await bench.world.wake.depth()).toEqual(nothing);
  });

  test("a wake that finds another of the run queued joins it", async () => {
    const bench = using();
    const { wake, clock } = bench.world;
    const [run, other] = [bench.newRun(), bench.newRun()];
    for (let count = 0; count < 5; count++) await wake.wake({ run, tenant: acme });
    await wake.wake({ run: other, tenant: acme });
    await clock.sleep(20);
    const depth = await wake.depth();
    expect(depth).toMatchObject({ queued: 2, active: 0 });
    expect(depth.oldestAgeMs).toBeGreaterThanOrEqual(15);
    await bench.serve();
    await bench.until("both woken", () => bench.log.length >= 2);
    await bench.settled();
    expect(bench.log.map((woken) => woken.run).toSorted()).toEqual([run, other].toSorted());
  });

  test("a wake that finds the run active runs after it, once however many there were", async () => {
    const bench = using();
    const { wake } = bench.world;
    const gate = Promise.withResolvers<void>();
    await bench.serve({
      onWake: () => (bench.log.length === 1 ? gate.promise : Promise.resolve()),
    });
    const run = bench.newRun();
    await wake.wake({ run, tenant: acme });
    await bench.until("active", () => bench.log.length === 1);
    for (let count = 0; count < 3; count++) await wake.wake({ run, tenant: acme });
    expect(await wake.depth()).toMatchObject({ queued: 1, active: 1 });
    expect(bench.log).toHaveLength(1);
    gate.resolve();
    await bench.until("woken again", () => bench.log.length === 2);
    await bench.settled();
    expect(bench.log).toHaveLength(2);
  });
}

function testExclusion(using: Using): void {
  test("under three workers no run is active twice and no wake is lost", async () => {
    const bench = using();
    const { wake, random, clock } = bench.world;
    const runs = Array.from({ length: 20 }, () => bench.newRun());
    const asked = new Map(runs.map((run) => [run, 0]));
    const seen = new Map(runs.map((run) => [run, 0]));
    const active = new Set<RunId>();
    const twice: RunId[] = [];
    const onWake = async ({ run }: Woken) => {
      if (active.has(run)) twice.push(run);
      active.add(run);
      const count = asked.get(run)!;
      await clock.sleep(Math.floor(random.fraction() * 5));
      seen.set(run, Math.max(seen.get(run)!, count));
      active.delete(run);
    };
    for (const slots of [1, 4, 8]) await bench.serve({ slots, onWake });
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let count = 0; count < 60; count++) {
          const run = runs[Math.floor(random.fraction() * runs.length)]!;
          asked.set(run, asked.get(run)! + 1);
          await wake.wake({ run, tenant: acme });
        }
      }),
    );
    await bench.settled();
    expect(twice).toEqual([]);
    expect(seen).toEqual(asked);
    expect(bench.faults).toEqual([]);
  });
}

function testAtomicity(using: Using): void {
  test("a wake commits with the event that caused it, or not at all", async () => {
    const bench = using();
    const { store } = bench.world;
    const heads: number[] = [];
    await bench.serve({
      onWake: async ({ run }) => void heads.push((await store.runs.get(run))!.head),
    });
    const run = await bench.create();
    const { epoch } = (await store.runs.get(run))!;
    const wakes = [{ run, tenant: acme }];
    const append = { run, epoch, head: 1, events: [bytes("{}")] };
    expect(await store.commit({ append, wakes })).toMatchObject({ kind: "committed" });
    await bench.until("woken", () => heads.length === 1);
    await bench.settled();
    expect(await store.commit({ append, wakes })).toMatchObject({ kind: "fenced" });
    await bench.settled();
    expect(heads).toEqual([2]);
  });

  test("a wake that joins another is seen with the event that it came with", async () => {
    const bench = using();
    const { store } = bench.world;
    const runs = await Promise.all(Array.from({ length: 8 }, () => bench.create()));
    const seen = new Map<RunId, number>();
    const onWake = async ({ run }: Woken) => void seen.set(run, (await store.runs.get(run))!.head);
    await bench.serve({ slots: 4, onWake });
    await bench.serve({ slots: 4, onWake });
    await Promise.all(
      runs.map(async (run) => {
        const { epoch } = (await store.runs.get(run))!;
        for (let head = 1; head <= 25; head++) {
          const append = { run, epoch, head, events: [bytes("{}")] };
          await store.commit({ append, wakes: [{ run, tenant: acme }] });
        }
      }),
    );
    await bench.settled();
    expect(seen).toEqual(new Map(runs.map((run) => [run, 26])));
  });
}

function testRetries(using: Using): void {
  test("a wake that throws is tried again after a pause, and counted", async () => {
    const bench = using();
    const { clock, wake } = bench.world;
    const startedAtMs: number[] = [];
    await bench.serve({
      onWake: async ({ attempt }) => {
        startedAtMs.push(clock.monotonicMs());
        if (attempt === 0) throw new Error("once");
      },
    });
    const run = bench.newRun();
    await wake.wake({ run, tenant: acme });
    await bench.until("tried again", () => bench.log.length === 2);
    await bench.settled();
    expect(bench.log.map(({ attempt }) => attempt)).toEqual([0, 1]);
    expect(startedAtMs[1]! - startedAtMs[0]!).toBeGreaterThan(900);
    expect(bench.faults).toEqual([new Error("once")]);
  });

  test("a wake that always throws is parked and said so; another wake tries afresh", async () => {
    const bench = using();
    const { wake, retries } = bench.world;
    let mended = false;
    await bench.serve({
      onWake: async () => {
        if (!mended) throw new Error("broken");
      },
    });
    const run = bench.newRun();
    await wake.wake({ run, tenant: acme });
    await bench.until("parked", async () => (await wake.depth()).parked === 1);
    expect(bench.log.map(({ attempt }) => attempt)).toEqual([...Array(retries + 1).keys()]);
    const parked = bench.faults.filter((fault) => (fault as Fault).code === "wake_parked");
    expect(parked).toHaveLength(1);
    expect(parked[0]).toMatchObject({ details: { run, tenant: acme } });
    mended = true;
    await wake.wake({ run, tenant: acme });
    await bench.settled();
    expect(bench.log.at(-1)).toEqual({ run, tenant: acme, attempt: 0 });
    expect(await wake.depth()).toMatchObject({ queued: 0, active: 0, parked: 0 });
  });
}

function testSharing(using: Using): void {
  test("the higher priority goes first, and a wake that joins another may raise it", async () => {
    const bench = using();
    const { wake } = bench.world;
    const [low, middle, high, raised] = Array.from({ length: 4 }, () => bench.newRun());
    await wake.wake({ run: low!, tenant: acme, priority: -5 });
    await wake.wake({ run: raised!, tenant: acme, priority: -10 });
    await wake.wake({ run: middle!, tenant: acme });
    await wake.wake({ run: high!, tenant: acme, priority: 5 });
    await wake.wake({ run: raised!, tenant: acme, priority: 10 });
    await wake.wake({ run: raised!, tenant: acme, priority: 1 });
    await bench.serve({ slots: 1 });
    await bench.settled();
    expect(bench.log.map(({ run }) => run)).toEqual([raised, high, middle, low]);
  });

  test("a worker holds no more than its slots, and no more of a tenant than it may", async () => {
    const bench = using();
    const { wake, clock } = bench.world;
    const active = { all: 0, most: 0, acme: 0, mostOfAcme: 0 };
    const onWake = async ({ tenant }: Woken) => {
      const ofAcme = tenant === acme ? 1 : 0;
      active.most = Math.max(active.most, (active.all += 1));
      active.mostOfAcme = Math.max(active.mostOfAcme, (active.acme += ofAcme));
      await clock.sleep(10);
      active.all -= 1;
      active.acme -= ofAcme;
    };
    const beta = "beta" as TenantId;
    for (const tenant of [...Array<TenantId>(12).fill(acme), beta, beta]) {
      await wake.wake({ run: bench.newRun(), tenant });
    }
    await bench.serve({ slots: 6, slotsPerTenant: 4, onWake });
    await bench.settled();
    expect(active).toEqual({ all: 0, most: 6, acme: 0, mostOfAcme: 4 });
    expect(bench.log).toHaveLength(14);
  });

  test("tenants take turns, however much one of them has queued", async () => {
    const bench = using();
    const { wake } = bench.world;
    const queue = async (tenant: string, count: number) => {
      for (let index = 0; index < count; index++) {
        await wake.wake({ run: bench.newRun(), tenant: tenant as TenantId, priority: 100 - index });
      }
    };
    await queue("acme", 40);
    await queue("beta", 3);
    await queue("gamma", 3);
    await bench.serve({ slots: 1 });
    await bench.settled();
    const order = bench.log.map(({ tenant }) => tenant);
    expect(order.slice(0, 9).toSorted()).toEqual([
      "acme",
      "acme",
      "acme",
      "beta",
      "beta",
      "beta",
      "gamma",
      "gamma",
      "gamma",
    ]);
    expect(order.slice(9)).toEqual(Array(37).fill("acme"));
  });
}

function testTimers(using: Using): void {
  test("a timer wakes its run at its time, the next one first, and once", async () => {
    const bench = using();
    const { wake, clock } = bench.world;
    const late: number[] = [];
    const [sooner, later] = [await bench.create(), await bench.create()];
    const startMs = clock.nowMs();
    const due = new Map([
      [later, startMs + 500],
      [sooner, startMs + 250],
    ]);
    await bench.serve({ onWake: async ({ run }) => void late.push(clock.nowMs() - due.get(run)!) });
    for (const [run, atMs] of due) await wake.wake({ run, tenant: acme, atMs });
    expect(await wake.depth()).toMatchObject({ queued: 0, active: 0 });
    await bench.until("both woken", () => bench.log.length === 2);
    await clock.sleep(50);
    expect(bench.log.map(({ run }) => run)).toEqual([sooner, later]);
    for (const ms of late) expect(ms).toBeGreaterThanOrEqual(0);
    // Ten times what it takes: the machine may be busy.
    for (const ms of late) expect(ms).toBeLessThan(150);
  });

  test("a timer that came with an event, or is past already, wakes as well", async () => {
    const bench = using();
    const { wake, store, clock } = bench.world;
    const [timed, past] = [await bench.create(), await bench.create()];
    await bench.serve();
    const { epoch } = (await store.runs.get(timed))!;
    const append = { run: timed, epoch, head: 1, events: [bytes("{}")] };
    await store.commit({ append: { ...append, wakeAtMs: clock.nowMs() + 100 } });
    await wake.wake({ run: past, tenant: acme, atMs: clock.nowMs() - 1 });
    await bench.until("both woken", () => bench.log.length === 2);
    expect(bench.log.map(({ run }) => run)).toEqual([past, timed]);
  });
}

function testStopping(using: Using): void {
  test("a stop lets what is in flight end, and takes nothing more", async () => {
    const bench = using();
    const { wake, clock } = bench.world;
    let ended = false;
    const serving = await bench.serve({
      onWake: async (_, signal) => {
        await clock.sleep(200, signal);
        ended = true;
      },
    });
    await wake.wake({ run: bench.newRun(), tenant: acme });
    await bench.until("active", () => bench.log.length === 1);
    const stopped = serving.stop({ withinMs: 5_000 });
    await wake.wake({ run: bench.newRun(), tenant: acme });
    await stopped;
    expect(ended).toBe(true);
    expect(bench.log).toHaveLength(1);
    expect(await wake.depth()).toMatchObject({ queued: 1, active: 0 });
  });

  test("a stop that reaches its bound aborts what is in flight, and another worker goes on", async () => {
    const bench = using();
    const { wake } = bench.world;
    let aborted = 0;
    const serving = await bench.serve({
      onWake: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted += 1;
            reject(signal.reason as Error);
          });
        }),
    });
    const run = bench.newRun();
    await wake.wake({ run, tenant: acme });
    await bench.until("active", () => bench.log.length === 1);
    await serving.stop({ withinMs: 50 });
    expect(aborted).toBe(1);
    await bench.serve();
    await bench.until("woken by the other", () => bench.log.length === 2);
    await bench.settled();
    expect(bench.log[1]).toMatchObject({ run });
    expect(bench.faults).toEqual([]);
  });
}
