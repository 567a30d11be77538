import type { Progress } from "./main.ts";
import { measureReceipt } from "./gate/receipt.ts";
import { readMachine, toQuantile, type Report } from "./report.ts";
import {
  startEcho,
  startGoverned,
  startSdkProxy,
  startThin,
  type Contender,
} from "./gate/contenders.ts";
import { createLoad, type Load } from "./gate/load.ts";
import { median, readCpuUs, readRss } from "./gate/usage.ts";
import { startPeers } from "./gate/peers.ts";

/** Each round gives each contender its turn, so that a slow minute of the machine is everybody's. */
const rounds = 5;
const sizes = { "1 KiB": 1_024, "4 KiB": 4_096, "64 KiB": 65_536 } as const;
const connections = [1, 32, 256] as const;

interface Sample {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly times: Float64Array;
}

export async function measureGate(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const echo = await startEcho();
  const contenders: Contender[] = [
    echo,
    await startThin(echo.port),
    await startGoverned(echo.port, { effect: "read" }),
    await startGoverned(echo.port, { effect: "write" }),
    await startSdkProxy(echo.port),
    ...(await startPeers(progress)),
  ];
  const rows: Record<string, string | number>[] = [];
  try {
    for (const [size, bytes] of Object.entries(sizes)) {
      const loads = await Promise.all(
        contenders.map(async (each) => createLoad(await each.toTarget(bytes))),
      );
      for (const [index, load] of loads.entries()) await warm(load, contenders[index]!, progress);
      for (const count of connections) {
        progress(`${size}, ${count} connections`);
        rows.push(...(await compare({ contenders, loads, size, count })));
      }
      await Promise.all(loads.map((load) => load.close()));
    }
  } finally {
    for (const contender of contenders.toReversed()) await contender.stop();
  }
  const receipt = (await measureReceipt()).toFixed(1);
  return {
    name: "Gate",
    about:
      "One tool call, straight to the server and through what stands between. CPU is that of the process in between alone; of its five interleaved rounds the median is shown.",
    machine,
    rows,
    notes: [
      "Governed: API key, pinned definition, arguments checked, limits, policy, an entry for each call in Postgres.",
      "CPU of the floor is that of the server itself.",
      `The entry of a read with an answer of 1 KiB, from the answer to the page that is written: ${receipt} µs CPU. Asked for: 15 at most.`,
      "mcp-hub is asked by its own REST call, which is shorter than the protocol; the other peers by the protocol, with a program behind them instead of HTTP.",
    ],
  };
}

async function warm(load: Load, { name }: Contender, progress: Progress): Promise<void> {
  progress(`warming ${name}`);
  await load.run(6_000, 32);
}

interface Comparison {
  readonly contenders: readonly Contender[];
  readonly loads: readonly Load[];
  readonly size: string;
  readonly count: number;
}

async function compare({
  contenders,
  loads,
  size,
  count,
}: Comparison): Promise<Record<string, string | number>[]> {
  const samples = contenders.map((): Sample[] => []);
  const calls = size === "64 KiB" ? 400 : count === 1 ? 1_000 : 3_000;
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, load] of loads.entries())
      samples[index]!.push(await sample(contenders[index]!, load, { calls, count }));
  }
  const cpus = samples.map((all) => median(all.map(({ cpuUs }) => cpuUs)));
  const thin = cpus[1]!;
  return contenders.map(({ name, pids }, index) => {
    const all = samples[index]!;
    const times = middle(all).times;
    return {
      arguments: size,
      connections: count,
      what: name,
      "CPU µs": round1(cpus[index]!),
      "× thin": round2(cpus[index]! / thin),
      "calls/s": Math.round(median(all.map(({ perSecond }) => perSecond))),
      "p50 ms": round2(toQuantile(times, 0.5)),
      "p99 ms": round2(toQuantile(times, 0.99)),
      "p99.9 ms": round2(toQuantile(times, 0.999)),
      "RSS MB": Math.round(readRss(pids) / 1e6),
    };
  });
}

async function sample(
  { pids }: Contender,
  load: Load,
  { calls, count }: { readonly calls: number; readonly count: number },
): Promise<Sample> {
  const before = readCpuUs(pids);
  const { times, seconds } = await load.run(calls, count);
  return { cpuUs: (readCpuUs(pids) - before) / calls, perSecond: calls / seconds, times };
}

function middle(samples: readonly Sample[]): Sample {
  return samples.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(samples.length / 2)]!;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
