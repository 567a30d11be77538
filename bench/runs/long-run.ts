import { setTimeout as sleep } from "node:timers/promises";
import { toDigest, type Principal, type RunId } from "../../src/model/index.ts";
import type { Gate } from "../../src/ports/gate.ts";
import { advance } from "../../src/run/advance.ts";
import { createRunDesk } from "../../src/run/desk.ts";
import type { RouteAsk, Routed } from "../../src/run/model-router.ts";
import { benchTenant as tenant, openBase } from "./open-base.ts";
import { plainBundle, plainCatalog } from "./plan.ts";
import { stepsPerFlow, stepText } from "./runtime.ts";
import { taskKindOf } from "../../test/simulation/task-kind.ts";

/**
 * One run with very many events, in a process of its own that dies in the middle of a step: it makes the
 * run, or goes on with one that another process left.
 */
export interface LongRunStart {
  readonly url: string;
  /** Null: it is to be made. */
  readonly run: string | null;
  /** It dies once it has so many events, at the next of these. */
  readonly untilHead: number;
  readonly diesIn: "call" | "model";
}

/** What it says before it dies. */
export interface LongRunSaid {
  readonly run: string;
  readonly head: number;
  /** From the claim of the run to when its next step was durable. */
  readonly tookMs: number;
  /** Of this process meanwhile: what does not depend on who else uses the machine. */
  readonly cpuMs: number;
  /** Of the last snapshot. */
  readonly snapshotSeq: number;
}

const start = JSON.parse(process.argv[2]!) as LongRunStart;
const principal: Principal = { tenant, kind: "user", subject: "bench", actor: null };
const { base } = await openBase({ url: start.url, isAlone: true });
/** On its clock: when the run was claimed, its first step begun, and durable. */
const times = { claimed: 0, began: 0, durable: 0 };
let cpu = process.cpuUsage();
let head = 0;

const news: typeof base.news = {
  ...base.news,
  noted(run, seq) {
    head = seq;
    if (times.began > 0 && times.durable === 0) {
      times.durable = performance.now();
      cpu = process.cpuUsage(cpu);
    }
    base.news.noted(run, seq);
  },
};

/** A step is a call or an answer of the model; it does not die in the one that is measured. */
async function step(kind: LongRunStart["diesIn"]): Promise<void> {
  if (times.began === 0) times.began = performance.now();
  else if (kind === start.diesIn && head >= start.untilHead) await die();
}

/** Each result is another one: there are as many contents to read as there were calls. */
const gate: Gate = {
  async exchange({ argumentsText }) {
    await step("call");
    const text = JSON.stringify({ content: [{ type: "text", text: stepText + argumentsText }] });
    return { kind: "result", text, isError: false };
  },
};

const models = {
  toLargestCost: () => 10,
  async stream(
    ask: RouteAsk,
    { messages }: { readonly messages: readonly unknown[] },
  ): Promise<Routed> {
    await step("model");
    for (let index = 0; index < stepsPerFlow; index += 1) {
      const args = JSON.stringify({ id: "long", n: messages.length + index });
      ask.onEvent({ kind: "call", index, call: { id: `x${index}`, name: "t__once", args } });
    }
    return {
      backend: "plain",
      model: "m",
      attempts: 1,
      usage: { input: 10, cached: 0, written: 0, output: 5, reasoning: 0 },
      cost: 7,
      prices: toDigest("prices"),
      stop: "tool_calls",
      firstTokenMs: 1,
      tokensPerSecond: null,
    };
  },
};

const engine = {
  ...base,
  news,
  gate,
  bundles: () => ({
    build: async () => plainBundle,
    read: async () => plainBundle,
    readFile: async () => null,
  }),
  catalog: () => plainCatalog,
  models: () => models,
  freezes: { check: () => undefined },
  onMoved: () => undefined,
  taskKindOf,
} satisfies Parameters<typeof advance>[0];

async function make(): Promise<RunId> {
  const asking = { principal, roles: [], agent: "bench", input: "Go on.", caps: null };
  const more = { deadlineMs: null, key: null, parent: null };
  return (await createRunDesk(engine).start({ ...asking, ...more })).run;
}

const run = (start.run ?? (await make())) as RunId;

async function die(): Promise<never> {
  const kept = await base.store.runs.snapshot(run);
  const said: LongRunSaid = {
    run,
    head,
    tookMs: times.durable - times.claimed,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    snapshotSeq: kept?.seq ?? 0,
  };
  process.send!(said, () => process.kill(process.pid, "SIGKILL"));
  await sleep(60_000);
  throw new Error("it did not die");
}

process.on("disconnect", () => process.exit(0));
times.claimed = performance.now();
cpu = process.cpuUsage();
await advance(engine, { run, tenant, attempt: 1 }, new AbortController().signal);
throw new Error("the run came to an end");
