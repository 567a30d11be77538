import type { RunId } from "../../src/model/index.ts";
import type { RunEvent } from "../../src/model/run-event.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { advance } from "../../src/run/advance.ts";
import { createRunDesk } from "../../src/run/desk.ts";
import { openRunNews } from "../../src/run/run-news.ts";
import { catalog, hashes, openings, toBuilt } from "./parts.ts";
import { text, tool, withSources } from "../context/sources-scene.ts";
import { act, goOn, readTree, type World } from "./people.ts";
import type { Act, Limits, Plan } from "./plan.ts";
import { createProcesses, type Fate, type Process, type Processes } from "./processes.ts";
import { createDisk, createSimulatedGate } from "./simulated-gate.ts";
import { createSimulatedModels } from "./simulated-model.ts";
import { principal, tenant } from "./tenant.ts";
import { taskKindOf } from "./task-kind.ts";

export interface WorldOptions {
  readonly plan: Plan;
  readonly seed: number;
  readonly isKeyed: boolean;
  readonly limits: Limits;
  readonly acts: readonly Act[];
  readonly fate: Fate | null;
}

export interface Ended {
  readonly run: RunId;
  readonly state: string;
  readonly output: string | null;
  /** What the tools' disks say. */
  readonly effects: ReadonlyMap<string, number>;
  readonly commits: number;
  /** How every run of the tree ended. */
  readonly states: readonly string[];
  /** The events of each run of the tree. */
  readonly logs: () => Promise<readonly (readonly RunEvent[])[]>;
  /** Whether something is held of the tree's budget though nothing of it goes on. */
  readonly isHeld: boolean;
}

const startMs = Date.UTC(2026, 0, 5);
/** More wakes than the longest plan takes, many times over: a run that needs more is stuck in a loop. */
const maxWakes = 600;

/** One whole life of a run and its sub-agents, on one thread, with one mishap on the way. */
export async function live(options: WorldOptions): Promise<Ended> {
  const life = await begin(options);
  const { world, run, processes } = life;
  let wakes = 0;
  for (;;) {
    while (life.queue.size > 0) {
      const woken = [...life.queue];
      life.queue.clear();
      if ((wakes += woken.length) > maxWakes) throw new Error("a run is woken again and again");
      await Promise.all(woken.map((next) => wake(life, next)));
      await Promise.all(life.acting.splice(0));
    }
    const rows = await world.store.runs.list(tenant, { limit: 1_000 });
    if (rows.every(({ state }) => isFinal(state))) {
      processes.thaw();
      await Promise.all(life.frozen.splice(0));
      if (life.queue.size === 0) break;
    }
    if (life.queue.size > 0 || (await goOn(world, { run, seed: options.seed }))) continue;
    const tree = await readTree(world, run);
    const said = tree.map(({ state, reason }) => `${state} (${reason?.detail ?? "-"})`);
    throw new Error(`run ${run} is stuck: ${said.join(", ")}`);
  }
  return toEnded(life);
}

interface Life {
  readonly world: World;
  readonly run: RunId;
  readonly queue: Set<RunId>;
  readonly processes: Processes;
  readonly engineOf: (process: Process) => Parameters<typeof advance>[0];
  /** Workers that stand still, and will go on. */
  readonly frozen: Promise<void>[];
  readonly acting: Promise<void>[];
  readonly thaws: boolean;
}

async function begin({ plan, seed, isKeyed, limits, acts, fate }: WorldOptions): Promise<Life> {
  const clock = createManualClock(startMs);
  const random = createSeededRandom(seed);
  const disk = createDisk();
  const queue = new Set<RunId>();
  const store = createInMemoryStore({
    enlist: (wakes) => wakes.forEach(({ run }) => queue.add(run)),
  });
  const built = toBuilt(
    limits,
    withSources(text("house", "Tea."), tool("open", { after: ["t__write"] })),
  );
  const news = await openRunNews(createInMemoryBus());
  const base = { clock, random, hashes, openings, news, onMoved: () => undefined, taskKindOf };
  const desk = createRunDesk({
    ...base,
    store,
    bundles: () => ({ build: async () => built, read: async () => built }),
  });
  const world = { store, desk, disk, clock };
  const acting: Promise<void>[] = [];
  const processes = createProcesses(store, fate, (count) => {
    for (const each of acts) if (each.afterCommit === count) acting.push(act(world, run, each));
  });
  const engineOf = ({ store: own, breathe }: Process) => ({
    ...base,
    store: own,
    catalog: () => catalog,
    telemetry: createInMemoryTelemetry(),
    bundles: () => ({ read: async () => built, readFile: async () => null }),
    gate: createSimulatedGate({
      ...base,
      store,
      disk,
      isKeyed,
      breathe,
      desk: () => desk,
    }),
    models: () =>
      createSimulatedModels({
        breathe,
        faults: disk.faults,
      }),
    freezes: { check: () => undefined },
  });
  const input = JSON.stringify(plan);
  const asking = { principal, roles: [], agent: "parent", input, caps: null, deadlineMs: null };
  const { run } = await desk.start({ ...asking, key: null, parent: null });
  const thaws = fate !== null && fate.thawsAfter !== null;
  return { world, run, queue, processes, engineOf, frozen: [], acting, thaws };
}

async function wake({ processes, engineOf, frozen, queue, thaws }: Life, run: RunId) {
  const process = processes.start();
  const signal = new AbortController().signal;
  const work = advance(engineOf(process), { run, tenant, attempt: 0 }, signal);
  const how = await Promise.race([work, process.gone]);
  if (how !== "gone") return;
  // The wake of a dead worker comes again, and so does that of one that stands still.
  queue.add(run);
  if (thaws) frozen.push(work);
}

function isFinal(state: string): boolean {
  return ["completed", "failed", "cancelled", "partial", "parked"].includes(state);
}

async function readLog({ desk }: World, run: RunId): Promise<readonly RunEvent[]> {
  const rows = await desk.events(tenant, run, { after: 0, limit: 10_000 });
  return rows.map(({ event }) => event);
}

async function toEnded({ world, run, processes }: Life): Promise<Ended> {
  const tree = await readTree(world, run);
  const { state, output } = tree[0]!;
  const budget = await world.store.runBudgets.read(run);
  const { micros, tokens, calls } = budget?.held ?? { micros: 0, tokens: 0, calls: 0 };
  return {
    run,
    state,
    output,
    effects: world.disk.effects,
    commits: processes.commits,
    states: tree.map((each) => each.state),
    logs: () => Promise.all(tree.map((each) => readLog(world, each.run))),
    isHeld: micros + tokens + calls > 0,
  };
}
