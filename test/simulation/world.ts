import { toDigest, type Digest, type RunId } from "../../src/model/index.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import type { BuiltBundle } from "../../src/ports/bundles.ts";
import type { Catalog, CatalogTool } from "../../src/ports/catalog.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createManualClock, type ManualClock } from "../../src/ports/manual-clock.ts";
import type { Openings } from "../../src/ports/openings.ts";
import type { RunDesk } from "../../src/ports/run-desk.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import type { Store } from "../../src/ports/store.ts";
import type { TenantHash } from "../../src/ports/tenant-hash.ts";
import { advance } from "../../src/run/advance.ts";
import { createRunDesk } from "../../src/run/desk.ts";
import type { RunNews } from "../../src/run/run-news.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import type { Plan } from "./plan.ts";
import { createDisk, createSimulatedGate, decideAll, type Disk } from "./simulated-gate.ts";
import { createSimulatedModels } from "./simulated-model.ts";
import { principal, tenant } from "./tenant.ts";

/** When the worker dies: at which of its commits, and whether that one still lands. */
export interface Death {
  readonly commit: number;
  readonly lands: boolean;
}

export interface WorldOptions {
  readonly plan: Plan;
  readonly seed: number;
  readonly isKeyed: boolean;
  readonly death: Death | null;
}

export interface Ended {
  readonly run: RunId;
  readonly state: string;
  readonly output: string | null;
  /** What the tools' disks say. */
  readonly effects: ReadonlyMap<string, number>;
  readonly commits: number;
  readonly world: World;
}

export interface World {
  readonly store: Store;
  readonly desk: RunDesk;
  readonly disk: Disk;
  readonly clock: ManualClock;
}

const startMs = Date.UTC(2026, 0, 5);
/** More wakes than the longest plan takes, many times over: a run that needs more is stuck in a loop. */
const maxWakes = 2_000;

/** One whole life of a run and its sub-agents, on one thread, with one death on the way. */
export async function live(options: WorldOptions): Promise<Ended> {
  const { plan, seed, isKeyed, death } = options;
  const clock = createManualClock(startMs);
  const random = createSeededRandom(seed);
  const disk = createDisk();
  const queue = new Set<RunId>();
  const store = createInMemoryStore({
    enlist: (wakes) => wakes.forEach(({ run }) => queue.add(run)),
  });
  const process = createProcess(store, death);
  const base = { clock, random, hashes, openings, news: silent };
  const desk = createRunDesk({ ...base, store, bundles: () => ({ build: async () => built }) });
  const engine = {
    ...base,
    store: process.store,
    bundles: () => ({ read: async () => built }),
    gate: createSimulatedGate({
      ...{ ...base, store, disk, isKeyed },
      ...{ breathe: process.breathe, desk: () => desk },
    }),
    catalog: () => catalog,
    models: () => createSimulatedModels(process.breathe),
    freezes: { check: () => undefined },
    telemetry: createInMemoryTelemetry(),
  };
  const input = JSON.stringify(plan);
  const asking = { principal, roles: [], agent: "parent", input, caps: null, deadlineMs: null };
  const { run } = await desk.start({ ...asking, key: null, parent: null });
  const ended = async (): Promise<boolean> => (await store.runs.get(run))!.ended;
  let wakes = 0;
  for (;;) {
    for (const next of queue) {
      queue.delete(next);
      if ((wakes += 1) > maxWakes) throw new Error("a run is woken again and again");
      const signal = new AbortController().signal;
      const woken = { run: next, tenant, attempt: 0 };
      const death = await process.race(advance(engine, woken, signal));
      // The wake of a dead worker comes again.
      if (death === "died") queue.add(next);
    }
    if (await ended()) break;
    if (!(await goOn({ store, disk, desk, clock }, { run, seed }))) {
      const { state, reason } = await desk.read(tenant, run);
      throw new Error(`run ${run} is stuck as ${state}: ${reason?.detail}`);
    }
  }
  const { state, output } = await desk.read(tenant, run);
  const commits = process.commits();
  return {
    run,
    state,
    output,
    effects: disk.effects,
    commits,
    world: { store, desk, disk, clock },
  };
}

/** People decide, time passes, somebody signals. False: nothing is left that could happen. */
async function goOn(
  { store, disk, desk, clock }: World,
  { run, seed }: { readonly run: RunId; readonly seed: number },
): Promise<boolean> {
  // Which of them are denied does not depend on when they are looked at.
  const isAgreed = (key: string): boolean =>
    (Number.parseInt(toDigest(`${seed}${placeOf(key)}`).slice(-2), 16) & 3) !== 0;
  const decided = await decideAll(disk, store, isAgreed);
  if (decided.length > 0) return true;
  const due = await store.runs.wakeDue(clock.nowMs(), 100);
  if (due.woken > 0) return true;
  const { waits } = await desk.read(tenant, run);
  const isSignalled = waits.some(({ kind }) => kind === "signal") && seed % 2 === 0;
  if (isSignalled) {
    await desk.tell(tenant, run, { kind: "signal", name: "go", payload: "now" });
    return true;
  }
  if (due.nextAtMs === null) return false;
  clock.advance(due.nextAtMs - clock.nowMs());
  return (await store.runs.wakeDue(clock.nowMs(), 100)).woken > 0;
}

function placeOf(key: string): string {
  return key.replace(/^run:[^/]*/, "");
}

/** What a worker does ends with its process: after its death nothing of it comes back or goes out. */
function createProcess(store: Store, death: Death | null) {
  let commits = 0;
  let isDead = false;
  const died = Promise.withResolvers<"died">();
  const never = new Promise<never>(() => undefined);
  const die = (): Promise<never> => {
    isDead = true;
    died.resolve("died");
    return never;
  };
  const alive = <Value>(work: () => Promise<Value>): Promise<Value> =>
    isDead ? never : work().then((value) => (isDead ? never : value));
  let current = died.promise;
  async function commit(unit: Parameters<Store["commit"]>[0]) {
    commits += 1;
    if (death === null || commits !== death.commit) return store.commit(unit);
    if (death.lands) await store.commit(unit);
    return die();
  }
  return {
    commits: () => commits,
    breathe: () => alive(async () => undefined),
    store: {
      commit: (unit: Parameters<Store["commit"]>[0]) => alive(() => commit(unit)),
      runs: store.runs,
      runBudgets: store.runBudgets,
    },
    /** The next process lives: only one of them dies. */
    async race(work: Promise<void>): Promise<"ended" | "died"> {
      const how = await Promise.race([work.then(() => "ended" as const), current]);
      if (how === "died") {
        isDead = false;
        current = new Promise(() => undefined);
      }
      return how;
    },
  };
}

const hashes: TenantHash = {
  hash: (_, purpose, parts) => toDigest(JSON.stringify([purpose, parts])),
};

/** Unsealed: nothing here is a secret. */
const openings: Openings = {
  seal: async (_, value) => Buffer.from(JSON.stringify(value)),
  open: async (_, sealed) => JSON.parse(Buffer.from(sealed).toString()),
};

const silent: RunNews = {
  noted: () => undefined,
  posted: () => undefined,
  onNoted: () => () => undefined,
  onPosted: () => () => undefined,
  close: async () => undefined,
};

const pin = toDigest("pin");
const names = ["t__read", "t__write", "t__ask", "agents__child"] as const;
const tools = names.map((exposed) => {
  const [server, tool] = exposed.split("__") as [string, string];
  const effect = exposed === "t__read" ? ("read" as const) : ("write" as const);
  return { exposed, server, tool, pin, effect };
});

const bundle: Bundle = {
  ...{ v: 1, agent: "parent", description: "", instructions: "Do.", toolset: "", tools },
  model: { alias: "m", maxTokens: 100, temperature: null, stop: [], route: [] },
  ...{ servers: [], skills: [], memory: null, waits: true, compensations: {} },
  policy: { digest: pin, rule: "allow-all", rules: [] },
  limits: { caps: { micros: null, tokens: null, calls: null }, maxSteps: 50, deadlineMs: null },
};

export const built: BuiltBundle = {
  digest: toDigest("bundle"),
  bundle,
  rules: null as unknown as BuiltBundle["rules"],
};

const catalog = {
  toolsets: new Map([
    [
      "",
      {
        tools: new Map(
          tools.map(({ exposed, effect }) => [
            exposed,
            {
              ...{ exposed, effect, description: "", text: '{"inputSchema":{"type":"object"}}' },
              config: {},
            } as CatalogTool,
          ]),
        ),
      },
    ],
  ]),
  digest: "" as Digest,
  servers: new Map(),
} as unknown as Catalog;
