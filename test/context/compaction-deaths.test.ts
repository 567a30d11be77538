import { expect, test } from "vitest";
import { advance } from "../../src/run/advance.ts";
import { turns, type Call } from "../simulation/engine.ts";
import { tenant } from "../simulation/tenant.ts";
import { createLongRun, obligationsOf, pick, read, texts, words, write } from "./long-run.ts";

const never = new Promise<never>(() => undefined);
const open: readonly (readonly Call[])[] = [[write(1)], [["t__errs", { n: 2 }]], [write(3)]];

const create = () =>
  createLongRun({
    window: 4_000,
    text: words(500),
    turn: (turn) => open[turn] ?? (turn < 20 ? [read(turn)] : undefined),
    summary: () => "As it was.",
  });

/** A worker whose store takes so many commits, and says nothing any more with the one after. */
async function live(dies: { readonly commit: number; readonly lands: boolean } | null) {
  const engine = await create();
  const run = await engine.start();
  let commits = 0;
  const { commit } = engine.store;
  const store = {
    ...engine.store,
    commit: async (unit: Parameters<typeof commit>[0]) => {
      commits += 1;
      if (dies !== null && commits > dies.commit) return never;
      if (dies?.commit !== commits) return commit(unit);
      if (dies.lands) await commit(unit);
      return never;
    },
  };
  const woken = { run, tenant, attempt: 0 };
  const signal = new AbortController().signal;
  const working = advance({ ...engine.engine, store }, woken, signal);
  if (dies === null) await working;
  else await turns(60);
  await engine.wake(run);
  await engine.settle();
  // A call that was under way is asked about once its time is over.
  for (let waits = 0; waits < 3; waits += 1) await engine.pass(120_000);
  const events = await engine.events(run);
  const { budget, state } = await engine.read(run);
  return { engine, events, budget, state, commits };
}

test("I6: a worker that dies around any commit of a run that is compacted changes nothing of its end", async () => {
  const calm = await live(null);
  expect(calm.state).toBe("partial");
  const count = pick(calm.events, "context.compacted").length;
  expect(count).toBeGreaterThan(1);
  let lost = 0;
  for (let commit = 1; commit <= calm.commits; commit += 1) {
    for (const lands of [false, true]) {
      const killed = await live({ commit, lands });
      const where = `${commit} ${lands ? "lands" : "is lost"}`;
      expect(killed.state, where).toBe("partial");
      expect(killed.engine.disk.effects.size, where).toBe(2);
      expect([...killed.engine.disk.effects.values()], where).toEqual([1, 1]);
      expect(killed.budget.held, where).toEqual({ micros: 0, tokens: 0, calls: 0 });
      expect(pick(killed.events, "context.compacted"), where).toHaveLength(count);
      const [mine, theirs] = [calm, killed].map(({ engine }) => engine.turns.at(-1)!);
      expect(obligationsOf(theirs!), where).toBe(obligationsOf(mine!));
      expect(texts(theirs!).at(-1), where).toBe(texts(mine!).at(-1));
      lost += pick(killed.events, "model.failed").length;
    }
  }
  // Every time that a model had been asked, once.
  expect(lost).toBeGreaterThan(2 * count);
}, 120_000);
