import { expect, test } from "vitest";
import {
  book,
  declared,
  endsOf,
  fare,
  live,
  need,
  openFacts,
  read,
  toDenied,
} from "../../test/simulation/facts-engine.ts";
import { turnOf, turns } from "../../test/simulation/engine.ts";
import { tenant } from "../../test/simulation/tenant.ts";
import { Fault, toDigest } from "../model/index.ts";

test("what a read says of things is noted under keys, and what it said is not", async () => {
  const scene = await openFacts({ said: [[read]] });
  const run = await live(scene);
  const [ended] = await scene.of(run, "call.ended");
  expect(ended!.facts).toEqual([
    { key: "fare:LH900", value: toDigest('["fact-value",["fare:LH900","100"]]') },
  ]);
});

test("an effect goes on where what it rests on was read a moment ago, and nothing is read again", async () => {
  const scene = await openFacts({ said: [[read], [book(100)]] });
  const run = await live(scene);
  expect(await endsOf(scene, run)).toEqual(["answered", "answered"]);
  expect(scene.asked).toEqual(["t__read", "t__write"]);
  const [, ended] = await scene.of(run, "call.ended");
  expect(ended).toMatchObject({ changed: ["seat:LH900"] });
});

test.each([
  ["was never read", [[book(100)]], "fare:LH900 was not read in this run: read it with t__read."],
  [
    "says otherwise",
    [[read], [book(90)]],
    "The argument /price is 90, and fare:LH900 was read as 100.",
  ],
  ["has no name", [[read], [["t__write", { flight: ["LH900"], price: 100 }]]], "rests on fare:{"],
] as const)("an effect whose fact %s is not made, for free", async (which, said, words) => {
  const scene = await openFacts({ said: [...said] });
  const run = await live(scene);
  const last = (await scene.of(run, "call.ended")).at(-1)!;
  expect(last).toMatchObject({ outcome: "denied", cost: { calls: 0 } });
  expect(last.contradicts).toBe(which === "says otherwise" ? "fare:LH900" : undefined);
  expect((await scene.words(run)).at(-1)).toContain(words.replaceAll('"', '\\"'));
  expect(scene.asked).not.toContain("t__write");
  expect(scene.disk.effects.size).toBe(0);
});

test.each([
  ["has changed", 150, "fare:LH900 has changed. It was 100. It is 150 now.", "changed"],
  ["is gone", null, "fare:LH900 is not there any more. It was 100.", "gone"],
] as const)("a fact that grew old and %s: the model is told and decides again", async (...each) => {
  const [, price, words, outcome] = each;
  const said = [[read], [["run__wait", { seconds: 61 }]], [book(100)]] as const;
  const scene = await openFacts({ said: [...said] });
  const run = await scene.start();
  await scene.settle();
  scene.at.price = price;
  await scene.pass(61_001);
  const [noted] = await scene.of(run, "fact.read");
  expect(noted).toMatchObject({ why: "stale", key: "fare:LH900", cost: { calls: 1 } });
  expect(noted!.value === null).toBe(price === null);
  expect((await scene.of(run, "call.ended")).at(-1)).toMatchObject({ outcome: "denied" });
  expect((await scene.words(run)).at(-1)).toContain(words);
  expect(scene.asked).toEqual(["t__read", "t__read"]);
  expect(scene.telemetry.value("run_facts", { outcome })).toBe(1);
});

test("decided again with what was read again it is made, and nothing is read a third time", async () => {
  const wait = ["run__wait", { seconds: 61 }] as const;
  const scene = await openFacts({ said: [[read], [wait], [book(100)], [book(150)]] });
  const run = await scene.start();
  await scene.settle();
  scene.at.price = 150;
  await scene.pass(61_001);
  expect(scene.asked).toEqual(["t__read", "t__read", "t__write"]);
  expect(await endsOf(scene, run)).toEqual(["answered", "answered", "denied", "answered"]);
});

test("a fact that grew old and is the same: the effect goes on, and what it rests on is in its intent", async () => {
  const bases: unknown[] = [];
  const scene = await openFacts({
    said: [[read], [book(100)], [["run__wait", { seconds: 61 }]], [book(100)]],
    onAsk: ({ run, params }) => {
      if (params["name"] === "t__write") bases.push(run!.basis);
      return null;
    },
  });
  const run = await scene.start();
  await scene.settle();
  await scene.pass(61_001);
  expect(scene.asked).toEqual(["t__read", "t__write", "t__read", "t__write"]);
  const [noted] = await scene.of(run, "fact.read");
  expect(noted!.value).toBe(noted!.was);
  expect(bases).toHaveLength(2);
  expect(bases[0]).toMatchObject({ shown: [{ key: "fare:LH900", value: "100" }] });
  const later = { ...(bases[0] as object), untilMs: scene.clock.nowMs() + 60_000 };
  expect(bases[1]).toEqual(later);
});

test("what another call has changed since is read again before it grows old", async () => {
  const scene = await openFacts({ said: [[read], [["run__wait", { seconds: 10 }]], [book(100)]] });
  const run = await scene.start();
  await scene.settle();
  const key = toDigest('["touch",["fare:LH900"]]');
  const other = { tenant, keys: [key], by: "call:other", hold: "other", run: null };
  await scene.store.touches.end(other, scene.clock.nowMs() + 5_000);
  await scene.pass(10_001);
  expect(scene.asked).toEqual(["t__read", "t__read", "t__write"]);
  expect(await scene.of(run, "fact.read")).toMatchObject([{ why: "touched" }]);
});

test("while another call is changing it, the effect waits, and is told when that takes too long", async () => {
  const scene = await openFacts({ said: [[read], [book(100)], [book(100)]] });
  const key = toDigest('["touch",["fare:LH900"]]');
  const other = { tenant, keys: [key], by: "call:other", hold: "other", run: null };
  const nowMs = scene.clock.nowMs();
  await scene.store.touches.begin({ ...other, nowMs, untilMs: nowMs + 58_000 });
  const run = await live(scene);
  expect(await endsOf(scene, run)).toEqual(["answered", "unavailable", "answered"]);
  expect((await scene.words(run))[1]).toContain("Another call is changing fare:LH900");
  const deferred = await scene.of(run, "call.deferred");
  expect(deferred.length).toBeGreaterThanOrEqual(4);
});

test.each([
  ["is away", () => Promise.reject(new Fault("upstream_unreachable", "It is away.")), 5],
  ["is not allowed any more", () => Promise.resolve(toDenied()), 1],
])("a fact whose tool %s is not taken for the same", async (_, no, tries) => {
  const scene = await openFacts({
    said: [[read], [["run__wait", { seconds: 61 }]], [book(100)]],
    onAsk: ({ params }, asked) => (params["name"] === "t__read" && asked > 1 ? no() : null),
  });
  const run = await live(scene);
  for (let waits = 0; waits < 40; waits += 1) await scene.pass(2_000);
  expect((await scene.of(run, "call.ended")).at(-1)).toMatchObject({ outcome: "unavailable" });
  expect((await scene.words(run)).at(-1)).toContain("could not be read again with t__read");
  expect(scene.asked).toEqual(Array.from({ length: 1 + tries }, () => "t__read"));
});

test("killed between the second read and the effect: it is made once, and read no third time", async () => {
  let isHung = false;
  const scene = await openFacts({
    said: [[read], [["run__wait", { seconds: 61 }]], [book(100)]],
    onAsk: ({ params }) => {
      if (params["name"] !== "t__write" || isHung) return null;
      isHung = true;
      return new Promise(() => undefined);
    },
  });
  const run = await scene.start();
  await scene.settle();
  scene.clock.advance(61_001);
  void scene.wake(run).catch(() => undefined);
  await turns();
  expect([isHung, await scene.of(run, "fact.read")]).toMatchObject([true, [{ why: "stale" }]]);
  await scene.wake(run);
  expect(scene.asked).toEqual(["t__read", "t__read", "t__write", "t__write"]);
  expect([...scene.disk.effects.values()]).toEqual([1]);
});

test("killed in the middle of the second read: it is read again, and what it says decides", async () => {
  const scene = await openFacts({
    said: [[read], [["run__wait", { seconds: 61 }]], [book(100)]],
    onAsk: (_, asked) => (asked === 2 ? new Promise(() => undefined) : null),
  });
  const run = await scene.start();
  await scene.settle();
  scene.clock.advance(61_001);
  void scene.wake(run).catch(() => undefined);
  await turns();
  scene.at.price = 150;
  await scene.wake(run);
  expect(scene.asked).toEqual(["t__read", "t__read", "t__read"]);
  expect((await scene.of(run, "call.ended")).at(-1)).toMatchObject({ outcome: "denied" });
});

test("an effect in doubt is not sent again once what it rests on has changed: nobody knows", async () => {
  let lost = 0;
  const keyed = {
    ...declared,
    t__write: { ...declared["t__write"], idempotencyKey: "example.com/key" },
  };
  const scene = await openFacts({
    said: [[read], [book(100)]],
    configs: keyed,
    isLost: () => (lost += 1) === 1,
  });
  const run = await scene.start();
  await scene.settle();
  scene.at.price = 150;
  await scene.pass(61_001);
  const last = (await scene.of(run, "call.ended")).at(-1)!;
  expect(last).toMatchObject({ outcome: "unknown", changed: ["seat:LH900"] });
  expect((await scene.words(run)).at(-1)).toContain("Nobody knows whether this call was carried");
  expect([...scene.disk.asked.values()]).toEqual([1]);
});

test("an effect in doubt is sent again with its key where what it rests on is the same", async () => {
  let lost = 0;
  const keyed = {
    ...declared,
    t__write: { ...declared["t__write"], idempotencyKey: "example.com/key" },
  };
  const said = [[read], [book(100)]] as const;
  const scene = await openFacts({
    said: [...said],
    configs: keyed,
    isLost: () => (lost += 1) === 1,
  });
  const run = await scene.start();
  await scene.settle();
  await scene.pass(61_001);
  expect((await scene.of(run, "call.ended")).at(-1)).toMatchObject({ outcome: "answered" });
  expect([...scene.disk.asked.values()]).toEqual([2]);
  expect([...scene.disk.effects.values()]).toEqual([1]);
});

test("I8: what is read again counts, and the run stops where the effect could not be paid for after", async () => {
  const scene = await openFacts({
    said: [[read], [["run__wait", { seconds: 61 }]], [book(100)]],
    limits: { calls: 2 },
  });
  const run = await scene.start();
  await scene.settle();
  await scene.pass(61_001);
  expect(await scene.read(run)).toMatchObject({ state: "stopped" });
  expect(scene.asked).toEqual(["t__read"]);
});

test("I8: what a sub-agent reads again is spent of the budget that all of them share", async () => {
  const own = [[read], [["run__wait", { seconds: 61 }]], [book(100)]] as const;
  const scene = await openFacts({
    model: (request) => {
      const [first] = request.messages;
      const isChild = first?.role === "user" && first.text === "child";
      const turn = turnOf(request);
      if (isChild) return own[turn] ?? "done";
      return turn === 0 ? [["agents__child", { task: "child" }]] : "done";
    },
  });
  const run = await live(scene);
  for (let waits = 0; waits < 10; waits += 1) await scene.pass(2_000);
  expect((await scene.read(run)).state).toBe("completed");
  expect(scene.asked).toEqual(["agents__child", "t__read", "t__read", "t__write"]);
  const shared = await scene.store.runBudgets.read(run);
  expect([shared!.spent.calls, shared!.held.calls]).toEqual([4, 0]);
});

test("I7: what the bundle declares holds where the configuration declares it no more", async () => {
  const toBundled = (exposed: string, effect: "read" | "write", rules: object) => {
    const [server, tool] = exposed.split("__") as [string, string];
    return { exposed, server, tool, pin: toDigest("pin"), effect, ...rules };
  };
  const tools = [
    toBundled("t__read", "read", { facts: [fare] }),
    toBundled("t__write", "write", { needs: [need] }),
  ];
  const scene = await openFacts({ said: [[book(100)]], configs: {}, bundle: { tools } });
  const run = await live(scene);
  expect(await endsOf(scene, run)).toEqual(["denied"]);
  expect(scene.asked).toEqual([]);
});

/** Whoever writes the commit of this number dies with it: it landed before, or never will. */
function kill(scene: Awaited<ReturnType<typeof openFacts>>, at: number, lands: boolean) {
  const commit = scene.store.commit.bind(scene.store);
  let commits = 0;
  Object.assign(scene.store, {
    async commit(unit: Parameters<typeof commit>[0]) {
      commits += 1;
      if (commits !== at) return commit(unit);
      if (lands) await commit(unit);
      return new Promise(() => undefined);
    },
  });
  return { isDead: () => commits >= at };
}

test.each(
  Array.from({ length: 16 }, (_, index) => index + 1).flatMap((at) => [
    [at, true] as const,
    [at, false] as const,
  ]),
)(
  "I6: killed at commit %i, which lands: %s, it pays once, and what was read last",
  async (at, lands) => {
    const sent: unknown[] = [];
    const scene = await openFacts({
      said: [[read], [["run__wait", { seconds: 61 }]], [book(100)], [book(150)]],
      onAsk: ({ params }) => {
        if (params["name"] === "t__write") sent.push(params["arguments"]);
        return null;
      },
    });
    const run = await scene.start();
    const killed = kill(scene, at, lands);
    for (let wakes = 0; wakes < 60; wakes += 1) {
      void scene.wake(run).catch(() => undefined);
      await turns(20);
      if (wakes === 10) scene.at.price = 150;
      scene.clock.advance(3_000);
    }
    expect(killed.isDead()).toBe(true);
    expect((await scene.read(run)).state).toBe("completed");
    expect([...scene.disk.effects.values()]).toEqual([1]);
    expect(new Set(sent.map((each) => JSON.stringify(each)))).toEqual(
      new Set(['{"flight":"LH900","price":150}']),
    );
  },
);
