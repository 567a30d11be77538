import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../scale.ts";
import { noLimits } from "./parts.ts";
import { actsArbitrary, limitsArbitrary, planArbitrary } from "./plan.ts";
import type { Fate } from "./processes.ts";
import { placeOf } from "./simulated-gate.ts";
import { live, type Ended } from "./world.ts";

const count = scaled({ test: 3, prove: 1_000 });
const others = scaled({ test: 2, prove: 150 });
const runs = { seed: seed(), numRuns: count };
/** What is written is not timed: a slow machine takes as long as it takes. */
const timeout = scaled({ test: 120_000, prove: 3_600_000 });
const pausing = actsArbitrary("pause", "resume");
const meddling = actsArbitrary("cancel", "signal", "pause", "resume");

/** Around each commit once: before it lands, and after. */
function listDeaths(commits: number): readonly Fate[] {
  return Array.from({ length: commits }, (_, index) =>
    [false, true].map((lands) => ({ commit: index + 1, lands, thawsAfter: null })),
  ).flat();
}

/** Thawed by and by, at the latest once all have ended without it. */
function listFreezes(commits: number, lasting: number): readonly Fate[] {
  return listDeaths(commits).map((fate, index) => ({
    ...fate,
    thawsAfter: 1 + ((index * 7 + lasting) % 12),
  }));
}

test(
  "I6, I4: a worker dies around every commit of its run: the same end, and no effect twice",
  async () => {
    let deaths = 0;
    await fc.assert(
      fc.asyncProperty(planArbitrary, fc.nat(), limitsArbitrary, pausing, async (...drawn) => {
        const [plan, worldSeed, limits, acts] = drawn;
        const world = { plan, seed: worldSeed, isKeyed: true, limits, acts };
        const calm = await live({ ...world, fate: null });
        expect(calm.states).not.toContain("parked");
        for (const fate of listDeaths(calm.commits)) {
          const killed = await live({ ...world, fate });
          deaths += 1;
          expect(toSaid(killed), JSON.stringify(fate)).toEqual(toSaid(calm));
        }
      }),
      runs,
    );
    console.log(`${count} runs, ${deaths} deaths`);
    expect(deaths).toBeGreaterThan(count * 2);
  },
  timeout,
);

test(
  "I6, I4: a worker stands still around every commit, and goes on when another has the run",
  async () => {
    let freezes = 0;
    await fc.assert(
      fc.asyncProperty(planArbitrary, fc.nat(), limitsArbitrary, pausing, async (...drawn) => {
        const [plan, worldSeed, limits, acts] = drawn;
        const world = { plan, seed: worldSeed, isKeyed: true, limits, acts };
        const calm = await live({ ...world, fate: null });
        for (const fate of listFreezes(calm.commits, worldSeed)) {
          const thawed = await live({ ...world, fate });
          freezes += 1;
          const { isHeld: _, ...said } = toSaid(thawed);
          expect(toSaid(calm), JSON.stringify(fate)).toMatchObject(said);
        }
      }),
      { ...runs, numRuns: others },
    );
    console.log(`${others} runs, ${freezes} workers that stood still`);
  },
  timeout,
);

test(
  "whoever cancels, pauses or signals at any time: all of a tree comes to an end, and no effect twice",
  async () => {
    await fc.assert(
      fc.asyncProperty(planArbitrary, fc.nat(), limitsArbitrary, meddling, async (...drawn) => {
        const [plan, worldSeed, limits, acts] = drawn;
        const world = { plan, seed: worldSeed, isKeyed: true, limits, acts };
        const calm = await live({ ...world, fate: null });
        expectEnded(calm);
        for (const fate of listDeaths(calm.commits)) {
          if ((fate.commit + worldSeed) % 3 !== 0) continue;
          expectEnded(await live({ ...world, fate }));
        }
      }),
      { ...runs, numRuns: others },
    );
  },
  timeout,
);

test(
  "I4: with tools that take no keys, no effect is done twice; where nobody knows, that is said",
  async () => {
    await fc.assert(
      fc.asyncProperty(planArbitrary, fc.nat(), async (plan, worldSeed) => {
        const world = { plan, seed: worldSeed, isKeyed: false, limits: noLimits, acts: [] };
        const calm = await live({ ...world, fate: null });
        const fates = [...listDeaths(calm.commits), ...listFreezes(calm.commits, worldSeed)];
        for (const fate of fates) {
          if ((fate.commit + worldSeed) % 2 === 0) continue;
          expectEnded(await live({ ...world, fate }), { isHeld: fate.thawsAfter !== null });
        }
      }),
      { ...runs, numRuns: others },
    );
  },
  timeout,
);

/** Nothing parked, nothing that goes on below what has ended, nothing held, nothing twice. */
function expectEnded(ended: Ended, { isHeld = false } = {}): void {
  const { state, states, effects } = ended;
  expect(states).not.toContain("parked");
  if (state === "cancelled") expect(states).not.toContain("partial");
  if (!isHeld) expect(ended.isHeld).toBe(false);
  for (const times of effects.values()) expect(times).toBe(1);
}

/** Places of calls, without the ids of runs, which are drawn. */
function toSaid({ state, output, states, effects, isHeld }: Ended) {
  const places = [...effects].map(([key, times]) => `${placeOf(key)} ${times}`);
  return { state, output, states: states.toSorted(), effects: places.toSorted(), isHeld };
}
