import { setTimeout as sleep } from "node:timers/promises";
import { readPostgresCpuSeconds } from "../process-cpu.ts";
import { readTreeMib, type Contestant } from "./contestants.ts";
import type { Flows, Signals } from "./orders.ts";
import type { Worker } from "./worker.ts";

export const atOnce = [1, 50, 200] as const;
/** A contestant that is slow begins fewer. */
const beginWithinMs = 3_000;
const workflowsAt: Readonly<Record<(typeof atOnce)[number], number>> = { 1: 30, 50: 150, 200: 400 };
const probes = { idle: 40, busy: 5 };
export const parkedRuns = 10_000;
const idleMs = 10_000;
/** Longer than anybody takes to carry on what a dead worker left. */
const carryOnWithinMs = 60_000;

export interface Round {
  readonly flows: ReadonlyMap<number, Flows>;
  readonly idle: Signals | null;
  readonly busy: Signals | null;
  readonly resumed: Resumed | null;
}

export interface Resumed {
  /** From when the new worker was ready, and from when it was started, to the next step. */
  readonly afterReadyMs: number;
  readonly afterStartMs: number;
  /** From the death of one worker to the next step, by another that was there before. */
  readonly takeOverMs: number | null;
}

export interface Parked {
  readonly workerMib: number;
  readonly serverMib: number;
  /** Milliseconds of CPU in a second while all of them wait. */
  readonly workerCpu: number;
  readonly serverCpu: number;
  /** The same before any of them waited. */
  readonly workerCpuBefore: number;
  readonly serverCpuBefore: number;
}

export async function measureRound(contestant: Contestant): Promise<Round> {
  const { flow, measures } = contestant;
  const worker = await contestant.start();
  const flows = new Map<number, Flows>();
  try {
    for (const count of atOnce) flows.set(count, await worker.flows({ flow, ...toWork(count) }));
    if (measures === "steps") return { flows, idle: null, busy: null, resumed: null };
    const idle = await worker.signals({ probes: probes.idle, beside: 0 });
    const busy = await worker.signals({ probes: probes.busy, beside: 200 });
    return { flows, idle, busy, resumed: null };
  } finally {
    await worker.stop();
  }
}

function toWork(count: (typeof atOnce)[number]) {
  return { atOnce: count, workflows: workflowsAt[count], beginWithinMs };
}

/** A worker is killed in the middle of a workflow, and started again at once. */
export async function measureResume(contestant: Contestant): Promise<Resumed> {
  const first = await contestant.start();
  let [current, other]: [Worker, Worker | null] = [first, null];
  try {
    await first.tick();
    await first.ticked();
    await sleep(500);
    await first.kill();
    const startedMs = performance.now();
    current = await contestant.start();
    const tickedMs = await within(current.ticked());
    const afterReadyMs = Math.max(0, tickedMs - current.readyMs);
    const afterStartMs = tickedMs - startedMs;
    if (!contestant.takesOver) return { afterReadyMs, afterStartMs, takeOverMs: null };
    other = await contestant.start(true);
    const killedMs = performance.now();
    await current.kill();
    return { afterReadyMs, afterStartMs, takeOverMs: (await within(other.ticked())) - killedMs };
  } finally {
    await current.kill();
    await other?.kill();
  }
}

async function within(ticked: Promise<number>): Promise<number> {
  const late = new AbortController();
  const tooLate = sleep(carryOnWithinMs, Number.NaN, { signal: late.signal });
  const atMs = await Promise.race([ticked, tooLate]);
  late.abort();
  await tooLate.catch(() => undefined);
  return atMs;
}

export async function measureParked({ start, serverPid }: Contestant): Promise<Parked> {
  const worker = await start();
  try {
    // What a process takes once it has worked is no cost of what waits.
    await worker.flows({ flow: "once", ...toWork(200) });
    await worker.park(1_000);
    await sleep(3_000);
    const idle = await readIdle(worker, serverPid);
    const before = { own: (await worker.use()).rss, server: readTreeMib(serverPid) };
    await worker.park(parkedRuns);
    await sleep(5_000);
    const waiting = await readIdle(worker, serverPid);
    const after = { own: (await worker.use()).rss, server: readTreeMib(serverPid) };
    return {
      workerMib: (after.own - before.own) / 1_048_576,
      serverMib: after.server - before.server,
      workerCpu: waiting.own,
      serverCpu: waiting.server,
      workerCpuBefore: idle.own,
      serverCpuBefore: idle.server,
    };
  } finally {
    await worker.stop();
  }
}

async function readIdle(worker: Worker, serverPid: number) {
  const cpu = () => readPostgresCpuSeconds(serverPid) ?? Number.NaN;
  const before = { own: (await worker.use()).cpuMicros, server: cpu() };
  await sleep(idleMs);
  const own = (await worker.use()).cpuMicros - before.own;
  const server = cpu() - before.server;
  const seconds = idleMs / 1_000;
  return { own: own / 1_000 / seconds, server: (server * 1_000) / seconds };
}
