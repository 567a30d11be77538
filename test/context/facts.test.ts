import { expect, test, vi } from "vitest";
import { toDigest, type Digest, type RunId } from "../../src/model/index.ts";
import { readOwnOutcome } from "../../src/mcp/own-outcome.ts";
import { toToucher } from "../../src/ports/touches.ts";
import { endOf, sendOnce } from "../approvals/attack-scene.ts";
import { makeRun } from "../made-up-call.ts";
import { foreignKey, otherKey } from "../mcp/gate-under-test.ts";
import { openRunScene } from "../mcp/run-scene.ts";
import { turns } from "../simulation/engine.ts";
import { asking, book, look, openFactsScene, tools } from "./facts-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

const secondMs = 1_000;
type Scene = Awaited<ReturnType<typeof openFactsScene>>;
const client = (scene: Scene, to: string, key = otherKey) =>
  sendOnce(scene.gate.url, { tool: "bank__pay", args: { to, amount: 1 }, key });

test("the price changes between the read and the effect: it is decided again, and the old approval is no good", async () => {
  const scene = await openFactsScene({ rules: asking });
  const run = await scene.begin([[look], [book(100)], [book(150)]]);
  const old = await scene.asked();
  expect(old["facts"]).toEqual([{ key: "fare:LH900", value: "100" }]);
  scene.prices["LH900"] = 150;
  scene.gate.shift(31 * secondMs);
  expect(await scene.decide(old)).toMatchObject({ status: 200 });

  // It is approved, and nothing is paid: what it rests on is not what was approved.
  const anew = await scene.until(async () => {
    const one = await scene.asked();
    expect(one.id).not.toBe(old.id);
    return one;
  });
  expect(scene.paid()).toEqual([]);
  expect(anew["facts"]).toEqual([{ key: "fare:LH900", value: "150" }]);
  expect(anew["args"]).toMatchObject({ amount: 150 });
  expect(await scene.decide(anew)).toMatchObject({ status: 200 });

  expect(await scene.ended(run)).toEqual(["answered", "denied", "answered"]);
  expect(scene.paid()).toEqual([{ to: "LH900", amount: 150, currency: "EUR" }]);
  expect([await scene.stateOf(old.id), await scene.stateOf(anew.id)]).toEqual([
    "approved",
    "consumed",
  ]);
  expect(await scene.words(run)).toContain("fare:LH900 has changed. It was 100. It is 150 now.");
  const [noted] = await scene.of(run, "fact.read");
  expect(noted).toMatchObject({ why: "stale", key: "fare:LH900" });
  expect(noted!.value).not.toBe(noted!.was);
});

test("a person takes long and the price is the same: it is read again, and done under the same approval", async () => {
  const scene = await openFactsScene({ rules: asking });
  const run = await scene.begin([[look], [book(100)]]);
  const one = await scene.asked();
  scene.gate.shift(1_800 * secondMs);
  await scene.decide(one);
  expect(await scene.ended(run)).toEqual(["answered", "answered"]);
  expect(scene.paid()).toHaveLength(1);
  expect(await scene.stateOf(one.id)).toBe("consumed");
  const read = await scene.of(run, "fact.read");
  expect(read).toMatchObject([{ why: "stale", cost: { calls: 1 } }]);
  expect(read[0]!.value).toBe(read[0]!.was);
});

test("I3: the same call with what was read since is another one: the approval is for neither but its own", async () => {
  const scene = await openRunScene({ rules: asking });
  const worker = scene.worker();
  const basisOf = (price: string) => ({
    digest: toDigest(price),
    untilMs: Number.MAX_SAFE_INTEGER,
    shown: [{ key: "fare:LH900", value: price }],
  });
  const call = async (price: string | null) => {
    const answer = await scene.call({
      worker,
      more: {
        run: makeRun({
          run: worker.run,
          ...(price === null ? {} : { basis: basisOf(price) }),
          commit: (unit) => scene.store.commit(unit),
        }),
      },
    });
    return readOwnOutcome(answer)?.outcome ?? "done";
  };
  expect(await call("100")).toBe("asks");
  const [first] = await scene.waiting();
  await scene.decide(first!);
  for (const other of ["150", null]) expect(await call(other)).toBe("asks");
  expect(scene.sent()).toEqual([]);
  expect(await call("100")).toBe("done");
  expect(await call("100")).toBe("asks");
  expect(scene.sent()).toHaveLength(1);
});

test.each([
  ["other arguments than were read", [[look], [book(90)]], "The argument /amount is 90"],
  ["a thing that was never read", [[look], [book(100, "XX1")]], "fare:XX1 was not read"],
  ["nothing read at all", [[book(100)]], "read it with bank__look"],
  [
    "a key that would read as another one",
    [[look], [book(100, "LH900}{/args/amount")]],
    "fare:LH900%7D%7B%2Fargs%2Famount was not read",
  ],
  ["a key of 10 KB", [[look], [book(100, "x".repeat(10_240))]], "fare:=2d"],
])("an effect with %s is not sent, and its model is told why", async (_, asked, words) => {
  const scene = await openFactsScene();
  const run = await scene.begin(asked);
  expect((await scene.ended(run)).at(-1)).toBe("denied");
  const said = await scene.words(run);
  if (words === "fare:=2d") expect(said).toMatch(/fare:=[0-9a-f]{64} was not read/);
  else expect(said).toContain(words);
  expect(scene.paid()).toEqual([]);
});

test("two runs change one seat at once: one waits until the other has ended", async () => {
  const scene = await openFactsScene();
  scene.at.isSlow = true;
  const runs = [await scene.begin([[look], [book(100)]]), await scene.begin([[look], [book(100)]])];
  await scene.until(() => expect(scene.gate.counted).toContain("gate_conflicts"));
  await scene.until(() => expect(scene.held).toHaveLength(1));
  scene.held.splice(0).forEach((answer) => answer());
  await scene.until(() => expect(scene.held).toHaveLength(1));
  scene.held.splice(0).forEach((answer) => answer());
  for (const run of runs) expect(await scene.ended(run)).toEqual(["answered", "answered"]);
  expect([scene.at.most, scene.paid().length]).toEqual([1, 2]);
  const deferred = await Promise.all(runs.map((run) => scene.of(run, "call.deferred")));
  expect(deferred.flat()).toMatchObject([{ for: "timer" }]);
});

test("an effect that stood in line for longer than its facts are believed reads them again first", async () => {
  const pay = { ...tools.pay, concurrency: 1 };
  const scene = await openFactsScene({ tools: { ...tools, pay } });
  scene.at.isSlow = true;
  const looked = vi.spyOn(scene.store.touches, "read");
  const first = await scene.begin([[look], [book(200, "BA1")]]);
  await scene.until(() => expect(scene.held).toHaveLength(1));
  const second = await scene.begin([[look], [book(100)], [book(150)]]);
  await scene.until(async () => expect(await scene.of(second, "call.ended")).toHaveLength(1));
  // The first one is looked at twice. The second one is in line by now, behind it.
  await scene.until(() => expect(looked).toHaveBeenCalledTimes(3));
  await turns(200);
  scene.gate.shift(31 * secondMs);
  scene.prices["LH900"] = 150;
  scene.at.isSlow = false;
  scene.held.splice(0).forEach((answer) => answer());
  expect(await scene.ended(first)).toEqual(["answered", "answered"]);
  expect(await scene.ended(second)).toEqual(["answered", "denied", "answered"]);
  expect(await scene.of(second, "call.deferred")).toMatchObject([{ for: "timer" }]);
  expect(await scene.of(second, "fact.read")).toMatchObject([{ why: "stale" }]);
  expect(scene.paid()).toMatchObject([{ amount: 200 }, { amount: 150 }]);
});

test("what another call changes while an effect stands in line behind it is read again first", async () => {
  const pay = { ...tools.pay, changes: ["fare:{/args/to}"], concurrency: 1 };
  const scene = await openFactsScene({ tools: { ...tools, pay } });
  scene.at.isSlow = true;
  const looked = vi.spyOn(scene.store.touches, "read");
  const first = await scene.begin([[look], [book(200, "BA1")]]);
  await scene.until(() => expect(scene.held).toHaveLength(1));
  const direct = client(scene, "LH900");
  await turns(200);
  const second = await scene.begin([[look], [book(100)], [book(150)]]);
  // Nobody has it yet: the client stands in line, and the run behind it.
  await scene.until(() => expect(looked).toHaveBeenCalledTimes(3));
  await turns(200);
  expect(await scene.of(second, "call.deferred")).toEqual([]);
  scene.prices["LH900"] = 150;
  scene.at.isSlow = false;
  scene.held.splice(0).forEach((answer) => answer());
  expect(endOf(await direct)).toBe("done");
  expect(await scene.ended(first)).toEqual(["answered", "answered"]);
  expect(await scene.ended(second)).toEqual(["answered", "denied", "answered"]);
  expect((await scene.of(second, "fact.read"))[0]).toMatchObject({ why: "touched" });
  expect(scene.paid()).toMatchObject([{ amount: 200 }, { amount: 1 }, { amount: 150 }]);
});

test("a client changes the seat that a run wants: the run waits, and a second client is told to", async () => {
  const scene = await openFactsScene({ tools: { ...tools, pay: { changes: tools.pay.changes } } });
  scene.at.isSlow = true;
  const first = client(scene, "LH900");
  await scene.until(() => expect(scene.held).toHaveLength(1));
  const run = await scene.begin([[book(100)]]);
  await scene.until(async () => expect(await scene.of(run, "call.deferred")).toHaveLength(1));
  const second = (await client(scene, "LH900"))["error"] as { message: string; data: object };
  expect(second).toMatchObject({ data: { fault: "thing_in_use", retryable: true } });
  expect(second.message).toContain("Another call is changing seat:LH900");
  // Another thing is free, and so is the same one of another tenant.
  const others = [client(scene, "BA1"), client(scene, "LH900", foreignKey)];
  await scene.until(() => expect(scene.held).toHaveLength(3));
  scene.at.isSlow = false;
  scene.held.splice(0).forEach((answer) => answer());
  for (const each of [first, ...others]) expect(endOf(await each)).toBe("done");
  expect(await scene.ended(run)).toEqual(["answered"]);
});

test("what a client has changed since is read again, though it is still fresh", async () => {
  const { needs } = tools.pay;
  const pay = { needs: needs.map(({ fact, same }) => ({ fact, same })), changes: [needs[0]!.fact] };
  const scene = await openFactsScene({ rules: asking, tools: { ...tools, pay } });
  const run = await scene.begin([[look], [book(100)]]);
  const one = await scene.asked();
  const direct = client(scene, "LH900");
  const asked = await scene.until(async () => {
    const found = (await scene.waiting()).find(({ id }) => id !== one.id);
    expect(found).toBeDefined();
    return found!;
  });
  await direct;
  await scene.decide(asked);
  expect(endOf(await client(scene, "LH900"))).toBe("done");
  scene.prices["LH900"] = 150;
  await scene.decide(one);
  expect(await scene.ended(run)).toEqual(["answered", "denied"]);
  expect(await scene.of(run, "fact.read")).toMatchObject([{ why: "touched" }]);
  expect(scene.paid()).toHaveLength(1);
});

test("a worker that died with a thing leaves it to nobody else until its time is over", async () => {
  const scene = await openFactsScene({ tools: { ...tools, pay: { changes: tools.pay.changes } } });
  const { hashes, clock } = scene.gate.base;
  const tenant = "default" as Parameters<typeof hashes.hash>[0];
  const key: Digest = await hashes.hash(tenant, "touch", ["seat:LH900"]);
  const run = "019aa000-0000-7000-8000-000000000000" as RunId;
  const nowMs = clock.nowMs();
  const left = {
    tenant,
    keys: [key],
    by: toToucher({ run, step: 0, ordinal: 0 }),
    hold: "left",
    run,
  };
  await scene.store.touches.begin({ ...left, nowMs, untilMs: nowMs + 60 * secondMs });
  const refused = (await client(scene, "LH900"))["error"] as { message: string };
  expect(refused.message).toContain(`(run ${run})`);
  scene.gate.shift(63 * secondMs);
  expect(endOf(await client(scene, "LH900"))).toBe("done");
});
