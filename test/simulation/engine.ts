import type { Bundle } from "../../src/model/bundle.ts";
import { toDigest, type RunId } from "../../src/model/index.ts";
import type { RunEvent } from "../../src/model/run-event.ts";
import type { Gate } from "../../src/ports/gate.ts";
import type { Bundles } from "../../src/ports/bundles.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import type { ModelRequest } from "../../src/ports/model-backend.ts";
import type { RunAsking, RunWord } from "../../src/ports/run-desk.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { advance } from "../../src/run/advance.ts";
import { createRunDesk } from "../../src/run/desk.ts";
import type { RouteAsk, Routed } from "../../src/run/model-router.ts";
import { openRunNews } from "../../src/run/run-news.ts";
import type { EngineOptions } from "../../src/run/worker.ts";
import { catalog, hashes, noLimits, openings, toBuilt } from "./parts.ts";
import type { Limits } from "./plan.ts";
import { createDisk, createSimulatedGate } from "./simulated-gate.ts";
import { principal, tenant } from "./tenant.ts";
import { taskKindOf } from "./task-kind.ts";

export type Call = readonly [tool: string, args: object | string];
/** What the model says; no calls: that it is done. */
export type Said = readonly Call[] | string;
export type Model = (request: ModelRequest, ask: RouteAsk) => Promise<Said> | Said;

export interface EngineParts {
  readonly model: Model;
  /** What is said where a context is to be summarised. */
  readonly summary?: Model;
  readonly isLost?: (tool: string) => boolean;
  readonly gate?: (gate: Gate) => Gate["exchange"];
  readonly limits?: Partial<Limits>;
  readonly bundle?: Partial<Bundle>;
  /** Files of the bundle's skills. */
  readonly readFile?: Bundles["readFile"];
  readonly largestCost?: number | null;
  /** Instead of its own parts. */
  readonly engine?: Partial<EngineOptions>;
}

const breathe = async (): Promise<void> => undefined;

/** An engine on twins, with a model and a gate that a test makes up. */
export async function createEngine(parts: EngineParts) {
  const clock = createManualClock(Date.UTC(2026, 0, 5));
  const random = createSeededRandom(7);
  const disk = createDisk();
  const queue = new Set<RunId>();
  const store = createInMemoryStore({
    enlist: (wakes) => wakes.forEach(({ run }) => queue.add(run)),
  });
  const built = toBuilt({ ...noLimits, ...parts.limits }, parts.bundle);
  const news = await openRunNews(createInMemoryBus());
  const telemetry = createInMemoryTelemetry();
  const base = { clock, random, hashes, openings, news, onMoved: () => undefined, taskKindOf };
  const desk = createRunDesk({
    ...base,
    store,
    bundles: () => ({ build: async () => built, read: async () => built }),
  });
  const simulated = createSimulatedGate({
    ...base,
    store,
    disk,
    breathe,
    isKeyed: true,
    ...(parts.isLost === undefined ? {} : { isLost: parts.isLost }),
    desk: () => desk,
  });
  const engine: EngineOptions = {
    ...base,
    store,
    telemetry,
    catalog: () => catalog,
    bundles: () => ({
      read: async () => built,
      readFile: parts.readFile ?? (async () => null),
    }),
    gate: { exchange: parts.gate?.(simulated) ?? simulated.exchange },
    models: () => ({
      toLargestCost: () => (parts.largestCost === undefined ? 10 : parts.largestCost),
      stream: (ask, request) =>
        answer(isSummary(request) ? (parts.summary ?? summed) : parts.model, ask, request),
    }),
    freezes: { check: () => undefined },
    ...parts.engine,
  };

  async function wake(run: RunId, signal = new AbortController().signal): Promise<void> {
    queue.delete(run);
    await advance(engine, { run, tenant, attempt: 0 }, signal);
  }

  async function settle(): Promise<void> {
    for (let wakes = 0; queue.size > 0; wakes += 1) {
      if (wakes > 200) throw new Error("runs are woken again and again");
      for (const run of queue) await wake(run);
    }
  }

  return {
    clock,
    disk,
    queue,
    store,
    desk,
    engine,
    telemetry,
    wake,
    settle,
    news,
    read: (run: RunId) => desk.read(tenant, run),
    tell: (run: RunId, word: RunWord) => desk.tell(tenant, run, word),
    async start(more: Partial<RunAsking> = {}): Promise<RunId> {
      const asking = {
        principal,
        roles: [],
        agent: "parent",
        input: "Go.",
        caps: null,
      };
      const rest = {
        deadlineMs: null,
        key: null,
        parent: null,
      };
      return (
        await desk.start({
          ...asking,
          ...rest,
          ...more,
        })
      ).run;
    },
    async events(run: RunId): Promise<readonly RunEvent[]> {
      const rows = await desk.events(tenant, run, {
        after: 0,
        limit: 1e4,
      });
      return rows.map(({ event }) => event);
    },
    async pass(ms: number): Promise<void> {
      clock.advance(ms);
      await store.runs.wakeDue(clock.nowMs(), 100);
      await settle();
    },
  };
}

const summed: Model = () => "It went well so far.";

/** Whether the context is to be summarised, and not the next turn to be taken. */
export function isSummary({ tools, messages: [first] }: ModelRequest): boolean {
  return tools.length === 0 && first?.role === "user" && first.text.startsWith("A record follows");
}

export async function answer(model: Model, ask: RouteAsk, request: ModelRequest): Promise<Routed> {
  const said = await model(request, ask);
  if (typeof said === "string") ask.onEvent({ kind: "text", text: said });
  const calls = typeof said === "string" ? [] : said;
  calls.forEach(([name, args], index) => {
    const text = typeof args === "string" ? args : JSON.stringify(args);
    ask.onEvent({ kind: "call", index, call: { id: `c${index}`, name, args: text } });
  });
  return {
    backend: "made-up",
    model: "m",
    attempts: 1,
    cost: 7,
    prices: toDigest("prices"),
    usage: {
      input: 10,
      cached: 0,
      written: 0,
      output: 5,
      reasoning: 0,
    },
    stop: calls.length === 0 ? "ended" : "tool_calls",
    firstTokenMs: 1,
    tokensPerSecond: null,
  };
}

/** How often a model has answered before, as the ids of its last calls say: older ones may be summarised. */
export function turnOf({ messages }: ModelRequest): number {
  const answers = messages.filter((message) => message.role === "assistant");
  const last = answers.findLastIndex(({ calls }) => calls.length > 0);
  if (last === -1) return answers.length;
  return Number(answers[last]!.calls[0]!.id.split("_")[1]) + answers.length - last;
}

/** Says one after the other, then that it is done. */
export function script(...answers: readonly Said[]): Model {
  return (request) => answers[turnOf(request)] ?? "done";
}

export const result = (text: string, isError = false) =>
  ({
    kind: "result",
    text: JSON.stringify({ content: [{ type: "text", text }] }),
    isError,
  }) as const;

/** Turns of the event loop: what is under way comes as far as it can. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((next) => setImmediate(next));
}
