import { onTestFinished } from "vitest";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { startBundles } from "../../src/main/start-bundles.ts";
import { configSchema } from "../../src/model/config.ts";
import { toDigest, type RunId, type TenantId } from "../../src/model/index.ts";
import type { RunEvent } from "../../src/model/run-event.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { ModelRequest } from "../../src/ports/model-backend.ts";
import type { RunAsking } from "../../src/ports/run-desk.ts";
import { advance } from "../../src/run/advance.ts";
import { createRunDesk } from "../../src/run/desk.ts";
import type { RouteAsk, Routed } from "../../src/run/model-router.ts";
import { openRunNews } from "../../src/run/run-news.ts";
import { openAttackScene, type AttackOptions, type Json } from "../approvals/attack-scene.ts";
import { startGateOver } from "./gate-under-test.ts";
import { taskKindOf } from "../simulation/task-kind.ts";

export const own = "default" as TenantId;

/** What an agent does: its task is written as this. */
export interface Script {
  readonly turns?: readonly (readonly { readonly tool: string; readonly args: object }[])[];
  /** Absent: what its tools answered. */
  readonly says?: string;
}

export const toTask = (script: Script): string => JSON.stringify(script);
export const pay = (to: string) => ({ tool: "bank__pay", args: { to, amount: 1 } });
export const look = { tool: "bank__look", args: {} };
export const ask = (agent: string, script: Script) => ({
  tool: `agents__${agent}`,
  args: { task: toTask(script) },
});

export const agent = (more: Json = {}): Json => ({
  description: "Does what it is told.",
  model: "m",
  instructions: "Do it.",
  ...more,
});

const models = {
  backends: { m: { kind: "openai", url: "https://models.example/v1", model: "x" } },
  routes: { m: [[{ backend: "m" }]] },
};

export interface AgentsSceneOptions extends AttackOptions {
  readonly agents?: Json;
  /** Runs are started, and nobody carries them on. */
  readonly isIdle?: boolean;
}

/** A gate with agents and a server that pays, and a worker whose models do as their tasks say. */
export async function openAgentsScene({ agents, isIdle = false, ...options }: AgentsSceneOptions) {
  const queue: RunId[] = [];
  let onWake = (): void => undefined;
  const store = createInMemoryStore({
    enlist: (wakes) => {
      queue.push(...wakes.map(({ run }) => run));
      onWake();
    },
  });
  const bus = createInMemoryBus();
  const under = {
    store,
    bus,
    vault: createInMemoryVault(systemClock),
    owner: "this",
    values: {},
    sealingKey: systemRandom.bytes(32),
  };
  let document: object = {};
  const scene = await openAttackScene({
    ...options,
    config: { models, agents: agents ?? { clerk: agent() }, ...options.config },
    start: async (given) => {
      document = given;
      return startGateOver(under, given) as never;
    },
  });
  const { base, gate } = scene.gate;
  const config = configSchema.parse({ version: 1, policy: { rule: "allow-all" }, ...document });
  for (const each of Object.values(config.agents)) each.instructions ??= "Do it.";
  const bundles = startBundles(config, { ...base, skills: new Map(), registry: gate.registry });
  const news = await openRunNews(bus);
  const engine = {
    ...base,
    news,
    bundles: () => bundles,
    gate: gate.gate,
    catalog: () => gate.registry.catalog(),
    models: () => scripted,
    onMoved: () => undefined,
    taskKindOf,
  };
  const desk = createRunDesk(engine);
  scene.gate.run(desk);
  const stop = new AbortController();
  const working = new Map<RunId, Promise<void>>();
  const faults: unknown[] = [];
  /** One worker, which never carries on one run twice at once. */
  function work(): void {
    for (const run of queue.splice(0)) {
      const before = working.get(run) ?? Promise.resolve();
      const woken = { run, tenant: own, attempt: 0 };
      const next = before
        .then(() => advance(engine, woken, stop.signal))
        .catch((fault: unknown) => void (stop.signal.aborted || faults.push(fault)));
      working.set(run, next);
    }
  }
  if (!isIdle) onWake = () => void setImmediate(work);
  onTestFinished(async () => {
    stop.abort(new Error("the test is over"));
    await Promise.all(working.values());
    await news.close();
    bundles.close();
  });
  return {
    ...scene,
    desk,
    store,
    faults,
    config,
    runs: () => store.runs.list(own, { limit: 1_000 }),
    async createdOf(run: RunId) {
      const [first] = await desk.events(own, run, { after: 0, limit: 1 });
      return first!.event as Extract<RunEvent, { type: "run.created" }>;
    },
    start: (asking: Partial<RunAsking>) =>
      desk.start({
        principal: { tenant: own, kind: "service", subject: "caller", actor: null },
        roles: [],
        agent: "clerk",
        input: toTask({}),
        caps: null,
        deadlineMs: null,
        key: null,
        parent: null,
        ...asking,
      }),
  };
}

/** A model that says what its task says, turn by turn. */
const scripted = {
  toLargestCost: () => 10,
  async stream(asked: RouteAsk, request: ModelRequest): Promise<Routed> {
    const [first] = request.messages;
    if (first?.role !== "user") throw new Error("a run begins with what somebody said");
    const { turns = [], says } = JSON.parse(first.text) as Script;
    const turn = request.messages.filter(({ role }) => role === "assistant").length;
    const wanted = turns[turn] ?? [];
    wanted.forEach(({ tool, args }, index) => {
      const call = { id: `x${index}`, name: tool, args: JSON.stringify(args) };
      asked.onEvent({ kind: "call", index, call });
    });
    const heard = request.messages.flatMap((one) => (one.role === "tool" ? [one.text] : []));
    if (wanted.length === 0)
      asked.onEvent({ kind: "text", text: says ?? `heard: ${heard.join(" | ")}` });
    return {
      backend: "m",
      model: "x",
      attempts: 1,
      cost: 7,
      prices: toDigest("prices"),
      usage: { input: 10, cached: 0, written: 0, output: 5, reasoning: 0 },
      stop: wanted.length === 0 ? "ended" : "tool_calls",
      firstTokenMs: 1,
      tokensPerSecond: null,
    };
  },
};
