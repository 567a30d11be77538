import { setTimeout as sleep } from "node:timers/promises";
import { readPostgresCpuSeconds } from "../process-cpu.ts";
import { toQuantile } from "../report.ts";
import type { Flows, Order, Said, Signals, Start, Use } from "./orders.ts";
import type { Meter, Runtime } from "./runtime.ts";

type OrderOf<Op extends Order["op"]> = Extract<Order, { op: Op }>;

/** Workflows that are started at once while many are put to wait. */
const parkedAtOnce = 64;

const warmUpFlows = 15;

/** The whole of a worker process: opens its runtime, and does what it is told until it is ended. */
export async function obey(open: (start: Start, meter: Meter) => Promise<Runtime>): Promise<void> {
  const start = JSON.parse(process.argv[2]!) as Start;
  const tracks = createTracks();
  process.on("disconnect", () => process.exit(0));
  process.on("message", (order: Order) => {
    carryOut(order).then(
      (answer) => say({ kind: "answer", answer }),
      (error: unknown) => say({ kind: "failed", reason: String((error as Error).stack) }),
    );
  });
  const runtime = await open(start, tracks.meter);
  say({ kind: "ready" });

  async function carryOut(order: Order): Promise<unknown> {
    switch (order.op) {
      case "flows":
        return measureFlows({ runtime, tracks, start }, order);
      case "park":
        return park(runtime, order.count);
      case "signals":
        return measureSignals({ runtime, tracks, start }, order);
      case "tick":
        return runtime.tick();
      case "use":
        return readUse();
    }
  }
}

function say(said: Said): void {
  process.send!(said);
}

interface Tracks {
  readonly meter: Meter;
  readonly gaps: number[];
  steps: number;
  /** Resolves when the workflow goes on, with the time. */
  goingOn(id: string): Promise<number>;
  forget(id: string): void;
}

function createTracks(): Tracks {
  const last = new Map<string, number>();
  const waiting = new Map<string, (atMs: number) => void>();
  const tracks: Tracks = {
    gaps: [],
    steps: 0,
    meter: {
      stepped(id) {
        const nowMs = performance.now();
        const beforeMs = last.get(id);
        if (beforeMs !== undefined) tracks.gaps.push(nowMs - beforeMs);
        last.set(id, nowMs);
        tracks.steps += 1;
      },
      wentOn(id) {
        waiting.get(id)?.(performance.now());
        waiting.delete(id);
      },
      ticked: () => say({ kind: "ticked" }),
    },
    goingOn: (id) => new Promise((resolve) => waiting.set(id, resolve)),
    forget: (id) => void last.delete(id),
  };
  return tracks;
}

interface Measuring {
  readonly runtime: Runtime;
  readonly tracks: Tracks;
  readonly start: Start;
}

let drawn = 0;
function toId(): string {
  return `w${process.pid}-${(drawn += 1)}`;
}

interface Keeping extends Pick<OrderOf<"flows">, "flow" | "atOnce"> {
  readonly workflows: number;
  readonly until: AbortSignal;
  readonly onEnded: (tookMs: number) => void;
}

/** As many at once as are said, until all are done or the signal; then what is under way ends. */
async function keepFlows({ runtime, tracks }: Measuring, keeping: Keeping): Promise<void> {
  const { flow, atOnce, until, onEnded } = keeping;
  let left = keeping.workflows;
  const lane = async (): Promise<void> => {
    while (left > 0 && !until.aborted) {
      left -= 1;
      const id = toId();
      const startedMs = performance.now();
      await runtime.flow(flow, id);
      onEnded(performance.now() - startedMs);
      tracks.forget(id);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function measureFlows(measuring: Measuring, order: OrderOf<"flows">): Promise<Flows> {
  const { tracks, start } = measuring;
  const took: number[] = [];
  const { flow, atOnce, workflows, beginWithinMs } = order;
  const onEnded = (tookMs: number): void => void took.push(tookMs);
  const warmUp = Math.max(Math.min(atOnce, 50), warmUpFlows);
  const until = AbortSignal.timeout(beginWithinMs);
  await keepFlows(measuring, { flow, atOnce, workflows: warmUp, until, onEnded });
  tracks.gaps.length = took.length = tracks.steps = 0;
  const before = { atMs: performance.now(), own: process.cpuUsage(), server: serverCpu(start) };
  const untilThen = AbortSignal.timeout(beginWithinMs);
  await keepFlows(measuring, { flow, atOnce, workflows, until: untilThen, onEnded });
  const own = process.cpuUsage(before.own);
  const seconds = (performance.now() - before.atMs) / 1_000;
  const { steps } = tracks;
  const server = serverCpu(start) - before.server;
  const [gaps, whole] = [tracks.gaps, took].map((each) => Float64Array.from(each).toSorted());
  return {
    steps,
    seconds,
    workflows: whole!.length,
    gapMs: { p50: toQuantile(gaps!, 0.5), p99: toQuantile(gaps!, 0.99) },
    workflowMs: { p50: toQuantile(whole!, 0.5) },
    ownMicros: own.user + own.system,
    serverMicros: server * 1e6,
  };
}

function serverCpu({ serverPid }: Start): number {
  return readPostgresCpuSeconds(serverPid) ?? Number.NaN;
}

async function park(runtime: Runtime, count: number): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await runtime.park(toId());
    }
  };
  await Promise.all(Array.from({ length: parkedAtOnce }, lane));
}

async function measureSignals(
  measuring: Measuring,
  { probes, beside }: OrderOf<"signals">,
): Promise<Signals> {
  const { runtime, tracks } = measuring;
  const stop = new AbortController();
  const keeping = keepFlows(measuring, {
    flow: "once",
    atOnce: beside,
    workflows: Number.POSITIVE_INFINITY,
    until: stop.signal,
    onEnded: () => undefined,
  });
  if (beside > 0) await sleep(2_000);
  const [steps, startedMs] = [tracks.steps, performance.now()];
  const wakes: number[] = [];
  for (let probe = 0; probe < probes; probe += 1) {
    const id = toId();
    await runtime.park(id);
    // It waits for longer than it takes to say so.
    await sleep(20);
    const goingOn = tracks.goingOn(id);
    const askedMs = performance.now();
    await runtime.signal(id);
    wakes.push((await goingOn) - askedMs);
  }
  const besidePerSecond = ((tracks.steps - steps) / (performance.now() - startedMs)) * 1_000;
  stop.abort();
  await keeping;
  const sorted = Float64Array.from(wakes).toSorted();
  return {
    wakeMs: { p50: toQuantile(sorted, 0.5), p99: toQuantile(sorted, 0.99) },
    besidePerSecond,
  };
}

function readUse(): Use {
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  return { rss: process.memoryUsage.rss(), cpuMicros: user + system };
}
