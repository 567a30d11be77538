import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { startUpkeep, type UpkeepOptions } from "./upkeep.ts";

const hoursMs = 3_600_000;

function open(changes: Partial<UpkeepOptions["store"]> = {}) {
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const telemetry = createInMemoryTelemetry({ clock });
  const swept: string[] = [];
  const { labels, spendings, costs, touches, deliveries, calls, runs, workspaces, traces } =
    createInMemoryStore();
  const sweep = (name: string, left = 0) => ({
    sweep: async () => {
      swept.push(name);
      return left;
    },
  });
  const store = {
    makePartitions: async () => {
      swept.push("partitions");
      return { made: [], postponed: [] };
    },
    labels: { ...labels, ...sweep("labels") },
    spendings: { ...spendings, ...sweep("spendings") },
    costs: Object.assign(costs, sweep("costs")),
    touches: { ...touches, ...sweep("touches") },
    deliveries: { ...deliveries, ...sweep("deliveries") },
    workspaces: { ...workspaces, ...sweep("workspaces") },
    traces: { ...traces, ...sweep("traces") },
    calls: Object.assign(calls, { sweepKeys: sweep("keys").sweep }),
    runs: Object.assign(runs, {
      listEnded: async (beforeMs: number) => {
        swept.push(`runs of before ${new Date(beforeMs).toISOString().slice(0, 10)}`);
        return [];
      },
    }),
    ...changes,
  };
  return {
    clock,
    telemetry,
    swept,
    sweep,
    upkeep: startUpkeep({ store, clock, telemetry, keepRunsMs: 30 * 24 * hoursMs }),
  };
}

async function passRound({ clock }: ReturnType<typeof open>): Promise<void> {
  clock.advance(6 * hoursMs);
  do await setImmediate();
  while (clock.sleeping === 0);
}

test("what fails is said with its name, and all the rest is done", async () => {
  const scene = open({ makePartitions: () => Promise.reject(new Error("locked")) });
  await passRound(scene);
  expect(scene.swept).toEqual([
    "labels",
    "spendings",
    "costs",
    "touches",
    "keys",
    "deliveries",
    "workspaces",
    "runs of before 2026-10-22",
    "traces",
  ]);
  expect(scene.telemetry.lines).toHaveLength(1);
  expect(scene.telemetry.lines[0]).toMatch(/upkeep failed.*partitions/);
  await scene.upkeep.stop();
});

test("runs that ended long ago are removed, page by page until none is left", async () => {
  const pages = [Array.from({ length: 100 }, (_, at) => `first-${at}`), ["last"]];
  const removed: string[] = [];
  const { runs } = createInMemoryStore();
  const scene = open({
    runs: Object.assign(runs, {
      listEnded: async () => (pages.shift() ?? []) as never,
      remove: async (run: string) => removed.push(run) > 0,
    }),
  });
  await passRound(scene);
  expect([removed.length, removed.at(-1)]).toEqual([101, "last"]);
  await scene.upkeep.stop();
});

test("a sweep that always finds more ends with the server", async () => {
  let rounds = 0;
  const scene = open({
    spendings: {
      ...createInMemoryStore().spendings,
      sweep: async () => {
        rounds += 1;
        await setImmediate();
        return 10_000;
      },
    },
  });
  scene.clock.advance(6 * hoursMs);
  while (rounds < 3) await setImmediate();
  await scene.upkeep.stop();
  expect(scene.swept).toEqual(["partitions", "labels"]);
});
