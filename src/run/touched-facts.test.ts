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
import { turns } from "../../test/simulation/engine.ts";
import { tenant } from "../../test/simulation/tenant.ts";
import { toDigest } from "../model/index.ts";
import type { GateRequest } from "../ports/gate.ts";

const unsaid = { ...declared, t__write: { needs: [{ fact: need.fact }] } };

test.each([
  ["before the first of them", [[read], [["run__wait", { seconds: 61 }]], [book(1), book(2)]]],
  ["by a call of the same turn", [[read], [["run__wait", { seconds: 61 }]], [read, book(1)]]],
] as const)(
  "what was found to have changed %s is what no effect of that turn rests on",
  async (which, said) => {
    const scene = await openFacts({ said: [...said, [book(3)]], configs: unsaid });
    const run = await scene.start();
    await scene.settle();
    scene.at.price = 150;
    await scene.pass(61_001);
    const first = which === "before the first of them" ? "denied" : "answered";
    expect(await endsOf(scene, run)).toEqual(["answered", "answered", first, "denied", "answered"]);
    expect((await scene.words(run))[3]).toContain(
      "fare:LH900 was read after the call was asked for: it is 150.",
    );
    expect([...scene.disk.effects.values()]).toEqual([1]);
  },
);

test("an effect that is asked for together with the read is not made before its model has heard of it", async () => {
  const scene = await openFacts({ said: [[read, book(1)], [book(1)]], configs: unsaid });
  const run = await live(scene);
  expect(await endsOf(scene, run)).toEqual(["answered", "denied", "answered"]);
  // What the argument itself says was known.
  const said = await openFacts({ said: [[read, book(100)]] });
  expect(await endsOf(said, await live(said))).toEqual(["answered", "answered"]);
});

test("killed once it is known that it has changed, and before the call ends so: it is not made after all", async () => {
  const said = [[read], [["run__wait", { seconds: 61 }]], [book(1)]] as const;
  const scene = await openFacts({ said: [...said], configs: unsaid });
  const run = await scene.start();
  await scene.settle();
  scene.at.price = 150;
  scene.clock.advance(61_001);
  const commit = scene.store.commit.bind(scene.store);
  let isDead = false;
  Object.assign(scene.store, {
    async commit(unit: Parameters<typeof commit>[0]) {
      if (isDead || !scene.asked.slice(1).includes("t__read")) return commit(unit);
      const isKnown = (await scene.of(run, "fact.read")).length > 0;
      if (!isKnown) return commit(unit);
      isDead = true;
      return new Promise(() => undefined);
    },
  });
  void scene.wake(run).catch(() => undefined);
  await turns();
  expect([isDead, await scene.of(run, "fact.read")]).toMatchObject([true, [{ why: "stale" }]]);
  await scene.wake(run);
  expect((await endsOf(scene, run)).at(-1)).toBe("denied");
  expect(scene.asked).not.toContain("t__write");
});

test("the gate may ask whether others have changed it since it was looked at", async () => {
  const key = toDigest('["touch",["fare:LH900"]]');
  const other = { tenant, keys: [key], by: "call:other", hold: "other", run: null };
  const said: unknown[] = [];
  const scene = await openFacts({
    said: [[read], [book(100)]],
    onAsk: ({ params, run }) => (params["name"] === "t__write" ? look(run!) : null),
  });
  async function look({ stillHolds, run, step, ordinal }: NonNullable<GateRequest["run"]>) {
    const { touches } = scene.store;
    const nowMs = scene.clock.nowMs();
    const own = { ...other, by: `run:${run}/${step}/${ordinal}`, hold: "own", run };
    const times = { nowMs, untilMs: nowMs + 60_000 };
    const ask = async () => said.push(await stillHolds!());
    await ask();
    await touches.begin({ ...own, ...times });
    await ask();
    await touches.end(own, null);
    await touches.begin({ ...other, ...times });
    await ask();
    await touches.end(other, null);
    await ask();
    await touches.end(other, nowMs);
    await ask();
    return toDenied();
  }
  await live(scene);
  expect(said).toEqual([true, true, false, true, false]);
});

test("what is shown to whoever agrees is what was read, or nothing where rules read it another way by now", async () => {
  const shown: unknown[] = [];
  const configs = { ...declared };
  const scene = await openFacts({
    said: [[read], [["run__wait", { seconds: 10 }]], [book(100)]],
    configs,
    onAsk: ({ params, run }) => {
      if (params["name"] === "t__write") shown.push(run!.basis!.shown);
      return null;
    },
  });
  await scene.start();
  await scene.settle();
  const other = { ...fare, value: "/item/id" };
  configs["t__read"] = { effect: "read", facts: [fare, other] };
  await scene.pass(10_001);
  expect(shown).toEqual([[{ key: "fare:LH900", value: null }]]);
});

test("what says things, and what is read again, is taken from no cache", async () => {
  const fresh: unknown[] = [];
  const scene = await openFacts({
    said: [[read], [["run__wait", { seconds: 61 }]], [book(100)]],
    onAsk: ({ run }) => {
      fresh.push(run!.isFresh);
      return null;
    },
  });
  await scene.start();
  await scene.settle();
  await scene.pass(61_001);
  expect(fresh).toEqual([true, true, undefined]);
});
