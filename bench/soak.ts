import { startEcho, startGoverned } from "./gate/contenders.ts";
import { createLoad } from "./gate/load.ts";
import { median, readCpuUs, readRss } from "./gate/usage.ts";
import type { Progress } from "./main.ts";
import { readMachine, toQuantile, type Report } from "./report.ts";

/** An hour unless it is said otherwise, in minutes. */
const minutes = Number(process.env["COUNTERSIGN_SOAK_MINUTES"] ?? "60");
const connections = 32;

/** Half of what the gate can take, for a long time: does it stay as it was? */
export async function measureSoak(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const echo = await startEcho();
  const gate = await startGoverned(echo.port, { effect: "read" });
  const load = createLoad(await gate.toTarget(1_024));
  const rows: Record<string, string | number>[] = [];
  try {
    await load.run(20_000, connections);
    const { seconds } = await load.run(10_000, connections);
    const perSecond = Math.round(10_000 / seconds / 2);
    progress(`${perSecond} calls a second for ${minutes} minutes`);
    for (let minute = 1; minute <= minutes; minute += 1) {
      const before = readCpuUs(gate.pids);
      const { calls, times } = await load.keep({ perSecond, seconds: 60, connections });
      const row = {
        minute,
        calls,
        "CPU µs": Math.round((readCpuUs(gate.pids) - before) / calls),
        "p50 ms": round2(toQuantile(times, 0.5)),
        "p99 ms": round2(toQuantile(times, 0.99)),
        "RSS MB": Math.round(readRss(gate.pids) / 1e6),
      };
      rows.push(row);
      progress(JSON.stringify(row));
    }
  } finally {
    await load.close();
    await gate.stop();
    await echo.stop();
  }
  return {
    name: "Gate, under half of its load",
    about: "Reads of 1 KiB at half the rate that the gate reached before, minute by minute.",
    machine,
    rows,
    notes: [toTrend(rows.map((row) => Number(row["RSS MB"])))],
  };
}

/** The middle of the first third beside that of the last: a leak shows, a collection does not. */
function toTrend(sizes: readonly number[]): string {
  const third = Math.max(1, Math.floor(sizes.length / 3));
  const [first, last] = [median(sizes.slice(0, third)), median(sizes.slice(-third))];
  return `RSS: ${first} MB in the first third of the time, ${last} MB in the last.`;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
