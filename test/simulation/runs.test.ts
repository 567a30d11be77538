import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../scale.ts";
import { planArbitrary } from "./plan.ts";
import { live, type Ended } from "./world.ts";

const count = scaled({ test: 40, prove: 1_000 });

test("I6, I4: a worker dies around every commit of its run: the same end, and no effect twice", async () => {
  let deaths = 0;
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(planArbitrary, fc.nat(), async (plan, worldSeed) => {
      const world = { plan, seed: worldSeed, isKeyed: true };
      const calm = await live({ ...world, death: null });
      runs += 1;
      for (let commit = 1; commit <= calm.commits; commit += 1) {
        for (const lands of [false, true]) {
          const killed = await live({ ...world, death: { commit, lands } });
          deaths += 1;
          expect(toSaid(killed)).toEqual(toSaid(calm));
        }
      }
    }),
    { seed: seed(), numRuns: count },
  );
  console.log(`${runs} runs, ${deaths} deaths`);
  expect(deaths).toBeGreaterThan(runs * 2);
});

test("I4: with tools that take no keys, no effect is done twice; where nobody knows, that is said", async () => {
  await fc.assert(
    fc.asyncProperty(planArbitrary, fc.nat(), async (plan, worldSeed) => {
      const world = { plan, seed: worldSeed, isKeyed: false };
      const calm = await live({ ...world, death: null });
      for (let commit = 1; commit <= calm.commits; commit += 1) {
        for (const lands of [false, true]) {
          const killed = await live({ ...world, death: { commit, lands } }).catch(
            (error: unknown) => error as Error,
          );
          if (killed instanceof Error) {
            expect(killed.message).toMatch(/stuck as partial/);
            continue;
          }
          for (const times of killed.effects.values()) expect(times).toBe(1);
        }
      }
    }),
    { seed: seed(), numRuns: Math.ceil(count / 4) },
  );
});

/** Places of calls, without the ids of runs, which are drawn. */
function toSaid({ state, output, effects }: Ended) {
  const places = [...effects].map(([key, times]) => [key.replace(/^run:[^/]*/, ""), times]);
  return { state, output, effects: places.toSorted() };
}
