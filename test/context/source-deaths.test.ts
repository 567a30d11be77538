import { expect, test } from "vitest";
import { advance } from "../../src/run/advance.ts";
import { turnOf, turns, type Call } from "../simulation/engine.ts";
import { tenant } from "../simulation/tenant.ts";
import { openSources, read, write } from "./open-sources.ts";
import { profile, readsOf, resource, shownOf, tool, words, contents } from "./sources-scene.ts";

const never = new Promise<never>(() => undefined);
const child: Call = ["agents__child", { task: "Help." }];
const calls: readonly (readonly Call[])[] = [[read(1)], [child], [write], [read(2)]];
const sources = [
  profile(),
  resource("returns", { after: ["t__read"] }),
  tool("stock", { after: ["t__write", "agents__child"] }),
];

/** A worker whose store takes so many commits, and says nothing any more with the one after. */
async function live(dies: { readonly commit: number; readonly lands: boolean } | null) {
  const engine = await openSources(
    sources,
    ({ method, params }) =>
      method === "tools/call" ? words("7 left") : contents(params["uri"] as string, "30 days."),
    {
      limits: { calls: 100 },
      says: (request) =>
        request.messages.some(({ text }) => text === "Go.")
          ? (calls[turnOf(request)] ?? "done")
          : "done",
    },
  );
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
  // As many of its wakes as it lives to see.
  for (let wakes = 0; wakes < 4 && (dies === null || commits < dies.commit); wakes += 1) {
    const woken = { run, tenant, attempt: 0 };
    const working = advance({ ...engine.engine, store }, woken, new AbortController().signal);
    if (dies === null) await working;
    else await Promise.race([working, turns(60)]);
    for (const other of engine.queue) if (other !== run) await engine.wake(other);
  }
  await engine.wake(run);
  await engine.settle();
  for (let waits = 0; waits < 3; waits += 1) await engine.pass(120_000);
  const events = await engine.events(run);
  const { budget, state } = await engine.read(run);
  return { engine, run, events, budget, state, commits };
}

test("I6: a worker that dies around any commit of a run that reads sources changes nothing of its end", async () => {
  const calm = await live(null);
  expect(calm.state).toBe("completed");
  expect(calm.commits).toBeGreaterThan(10);
  const noted = readsOf(calm.events).map(({ source, why }) => `${source} ${why}`);
  expect(noted).toEqual([
    "profile first",
    "returns first",
    "stock first",
    "returns invalidated",
    "stock invalidated",
    "stock invalidated",
    "returns invalidated",
  ]);
  const shared = await calm.engine.store.runBudgets.read(calm.run);
  for (let commit = 1; commit <= calm.commits; commit += 1) {
    for (const lands of [false, true]) {
      const killed = await live({ commit, lands });
      const where = `${commit} ${lands ? "lands" : "is lost"}`;
      expect(killed.state, where).toBe("completed");
      const reads = readsOf(killed.events).map(({ source, why }) => `${source} ${why}`);
      expect(reads, where).toEqual(noted);
      expect(killed.budget.held, where).toEqual({ micros: 0, tokens: 0, calls: 0 });
      // Each is paid for once, whoever read it again.
      expect(killed.budget.spent.calls, where).toBe(calm.budget.spent.calls);
      const now = await killed.engine.store.runBudgets.read(killed.run);
      expect(now?.held, where).toEqual({ micros: 0, tokens: 0, calls: 0 });
      expect(now?.spent.calls, where).toBe(shared?.spent.calls);
      expect(shownOf(killed.engine.seen.at(-1)!), where).toEqual(shownOf(calm.engine.seen.at(-1)!));
    }
  }
}, 120_000);
