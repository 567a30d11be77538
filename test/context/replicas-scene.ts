import { createOpenings } from "../../src/authority/openings.ts";
import { createTenantHash, createTenantKeys } from "../../src/authority/tenant-keys.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import { toDigest, type Principal, type RunId, type TenantId } from "../../src/model/index.ts";
import type { RunEvent } from "../../src/model/run-event.ts";
import type { Gate } from "../../src/ports/gate.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import type { ModelRequest } from "../../src/ports/model-backend.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { advance } from "../../src/run/advance.ts";
import { assemble, type Assembled } from "../../src/run/assemble.ts";
import { createContents } from "../../src/run/contents.ts";
import { createRunDesk } from "../../src/run/desk.ts";
import { openRunNews } from "../../src/run/run-news.ts";
import type { RunView } from "../../src/run/view.ts";
import type { EngineOptions, Work } from "../../src/run/worker.ts";
import { toBuilt } from "../simulation/parts.ts";
import type { Call, Said } from "../simulation/engine.ts";
import { createCatalog } from "./sources-scene.ts";
import { taskKindOf } from "../simulation/task-kind.ts";

export interface ReplicasOptions {
  readonly bundle: Partial<Bundle>;
  readonly gate: (nowMs: number) => Gate["exchange"];
  readonly model: (request: ModelRequest) => Said;
}

/** Replicas with nothing in common but the store, the vault and the time. Contents are really sealed. */
export async function openReplicas({ bundle, gate, model }: ReplicasOptions) {
  const clock = createManualClock(Date.UTC(2026, 0, 5));
  const vault = createInMemoryVault(clock);
  const random = createSeededRandom(11);
  const queue = new Set<RunId>();
  const store = createInMemoryStore({
    enlist: (wakes) => wakes.forEach(({ run }) => queue.add(run)),
  });
  const built = toBuilt(undefined, bundle);
  const requests: { readonly run: RunId; readonly request: ModelRequest }[] = [];
  let running: RunId | null = null;

  async function openReplica() {
    const keys = createTenantKeys(vault, random);
    const base = {
      clock,
      random,
      hashes: createTenantHash(keys),
      openings: createOpenings(keys, random),
      news: await openRunNews(createInMemoryBus()),
      onMoved: () => undefined,
      taskKindOf,
      store,
    };
    const catalog = createCatalog();
    const bundles = { build: async () => built, read: async () => built };
    const engine: EngineOptions = {
      ...base,
      telemetry: createInMemoryTelemetry(),
      catalog: () => catalog,
      bundles: () => ({ ...bundles, readFile: async () => null }),
      gate: { exchange: (request) => gate(clock.nowMs())(request) },
      freezes: { check: () => undefined },
      models: () => ({
        toLargestCost: () => 10,
        stream: async (ask, request) => {
          requests.push({ run: running!, request });
          const said = model(request);
          if (typeof said === "string") ask.onEvent({ kind: "text", text: said });
          else said.forEach((call, index) => ask.onEvent(toEvent(call, index)));
          return answered(typeof said === "string" ? "ended" : "tool_calls");
        },
      }),
    };
    const desk = createRunDesk({ ...base, bundles: () => bundles });
    return { engine, desk, keys };
  }

  const replicas = [await openReplica(), await openReplica()] as const;
  return {
    clock,
    store,
    built,
    requests,
    replicas,
    openReplica,
    /** Until nothing is left to do; each wake is taken by the replica whose turn it is. */
    async settle(turns: readonly (0 | 1)[]): Promise<void> {
      for (let wakes = 0; wakes < 60; wakes += 1) {
        const [next] = queue;
        if (next === undefined) {
          clock.advance(10_000);
          await store.runs.wakeDue(clock.nowMs(), 100);
          if (queue.size === 0) return;
          continue;
        }
        queue.delete(next);
        running = next;
        const { engine } = replicas[turns[wakes % turns.length]!];
        const { tenant } = (await store.runs.get(next))!;
        await advance(engine, { run: next, tenant, attempt: 0 }, new AbortController().signal);
      }
      throw new Error("runs are woken again and again");
    },
    async events(tenant: TenantId, run: RunId): Promise<readonly RunEvent[]> {
      const rows = await replicas[0].desk.events(tenant, run, { after: 0, limit: 10_000 });
      return rows.map(({ event }) => event);
    },
    /** What a replica would ask a model from this view, with nothing kept from before. */
    assemble({ engine }: (typeof replicas)[number], run: RunId, view: RunView): Promise<Assembled> {
      const { tenant } = view.created.principal;
      const contents = createContents({ ...engine, runs: store.runs }, { tenant, run });
      const work = { options: engine, run, tenant, contents, built, journal: { view } };
      return assemble(work as unknown as Work);
    },
  };
}

function toEvent([name, args]: Call, index: number) {
  const text = typeof args === "string" ? args : JSON.stringify(args);
  return { kind: "call", index, call: { id: `c${index}`, name, args: text } } as const;
}

const answered = (stop: "ended" | "tool_calls") => ({
  backend: "made-up",
  model: "m",
  attempts: 1,
  cost: 7,
  prices: toDigest("prices"),
  usage: { input: 10, cached: 0, written: 0, output: 5, reasoning: 0 },
  stop,
  firstTokenMs: 1,
  tokensPerSecond: null,
});

export function toPrincipal(tenant: string, subject = "somebody"): Principal {
  const actor = { agent: "parent", bundle: toDigest("bundle") };
  return { tenant: tenant as TenantId, kind: "user", subject, actor };
}

export const toAsking = (principal: Principal, input: string, key: string | null = null) => ({
  principal,
  roles: [],
  agent: "parent",
  input,
  caps: null,
  deadlineMs: null,
  key,
  parent: null,
});
