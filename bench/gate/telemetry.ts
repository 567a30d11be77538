import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Progress } from "../main.ts";
import { readMachine, type Report } from "../report.ts";
import { buildProgram, buildQuietProgram } from "./built.ts";
import { startEcho, startGoverned, type Contender, type Watching } from "./contenders.ts";
import { createLoad } from "./load.ts";
import { median, readCpuUs } from "./usage.ts";

const rounds = 5;
const calls = 8_000;
/** The first ones run in code that is not compiled yet. */
const warmCalls = 6_000;
const connections = 32;
const bytes = 1_024;
/** Traces are looked for every five seconds: what was called is sent before it is counted what that took. */
const settleMs = 7_000;

/** The same gate with nothing told of it, as it is shipped, and with everything told to a collector. */
export async function measureTelemetry(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const collector = await startCollector();
  const echo = await startEcho();
  const gates: Contender[] = [];
  for (const [name, telemetry] of Object.entries(toWatchings(collector.url)))
    gates.push({ ...(await startGoverned(echo.port, { effect: "read", telemetry })), name });
  const cpus = gates.map((): number[] => []);
  try {
    const loads = await Promise.all(
      gates.map(async (gate) => createLoad(await gate.toTarget(bytes))),
    );
    for (const load of loads) await load.run(warmCalls, connections);
    for (let round = 0; round < rounds; round += 1) {
      progress(`telemetry, round ${round + 1} of ${rounds}`);
      for (const [at, { pids }] of gates.entries()) {
        const before = readCpuUs(pids);
        await loads[at]!.run(calls, connections);
        await new Promise((resolve) => setTimeout(resolve, settleMs));
        cpus[at]!.push((readCpuUs(pids) - before) / calls);
      }
    }
    await Promise.all(loads.map((load) => load.close()));
  } finally {
    for (const gate of gates.toReversed()) await gate.stop();
    await echo.stop();
    collector.close();
  }
  return toReport(
    machine,
    gates.map(({ name }, at) => ({ name, cpuUs: cpus[at]! })),
    collector.counts,
  );
}

interface Measured {
  readonly name: string;
  readonly cpuUs: readonly number[];
}

function toReport(
  machine: Report["machine"],
  measured: readonly Measured[],
  counts: ReadonlyMap<string, number>,
): Report {
  const off = median(measured[0]!.cpuUs);
  const taken = [...counts].map(([path, count]) => `${path} ${count}`).join(", ");
  return {
    name: "Telemetry",
    about: `What telemetry costs: reads with arguments of 1 KiB on ${connections} connections, CPU of the gate's process for each, with what it does of it in the ${settleMs / 1_000} s after. Median of ${rounds} interleaved rounds of ${calls} calls.`,
    machine,
    rows: measured.map(({ name, cpuUs }) => ({
      what: name,
      "CPU µs": round1(median(cpuUs)),
      least: round1(Math.min(...cpuUs)),
      most: round1(Math.max(...cpuUs)),
      "more µs": round1(median(cpuUs) - off),
      "more %": round1((median(cpuUs) / off - 1) * 100),
    })),
    notes: [
      "Off: no metrics (cut out of the program for this), no line for calls, no destination.",
      "Everything: metrics, a line for each call, and traces, metrics (every 5 s) and logs sent to a collector on loopback. Asked for: 10 % more at most.",
      `Requests that the collector took: ${taken}.`,
    ],
  };
}

function toWatchings(url: string): Readonly<Record<string, Watching>> {
  const to = (signal: string, more: object = {}) => ({
    destinations: { bench: { url: `${url}/v1/${signal}`, private: true, ...more } },
  });
  const told = {
    traces: to("traces"),
    metrics: to("metrics", { interval: "5s" }),
    logs: to("logs"),
  };
  const program = buildProgram();
  return {
    off: { program: buildQuietProgram(), level: "error", config: { calls: "none" } },
    "as shipped: metrics, a line a call": { program, level: "info", config: {} },
    everything: { program, level: "info", config: told },
  };
}

/** Takes everything, and counts requests by their path. */
async function startCollector() {
  const counts = new Map<string, number>();
  const server = createServer((incoming, outgoing) => {
    const { url = "" } = incoming;
    counts.set(url, (counts.get(url) ?? 0) + 1);
    incoming.resume().on("end", () => outgoing.writeHead(200).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    counts,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
