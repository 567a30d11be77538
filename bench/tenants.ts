import { setTimeout as sleep } from "node:timers/promises";
import { startEcho, startGoverned, toTenantKey } from "./gate/contenders.ts";
import type { LoadTarget } from "./gate/load.ts";
import type { Progress } from "./main.ts";
import { readMachine, toQuantile, type Report } from "./report.ts";

const workMs = 50;
const places = 4;
const calls = 100;
const floodConnections = 150;

/** One tenant asks a server for many times of what it can do: how long does another wait? */
export async function measureTenants(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const echo = await startEcho(1, workMs);
  const tenants = ["loud", "quiet"];
  const gate = await startGoverned(echo.port, { effect: "read", concurrency: places, tenants });
  const rows: Record<string, string | number>[] = [];
  try {
    const target = await gate.toTarget(100);
    rows.push({ quiet: "alone", ...(await measureCalls(target)), "answered to the loud": "" });
    progress(JSON.stringify(rows.at(-1)));
    const flood = startFlood(target);
    await sleep(1_000);
    const beside = await measureCalls(target);
    rows.push({ quiet: "beside a flood", ...beside, "answered to the loud": await flood.stop() });
    progress(JSON.stringify(rows.at(-1)));
  } finally {
    await gate.stop();
    await echo.stop();
  }
  return {
    name: "Tenants",
    about:
      `A server that takes ${workMs} ms a call and has ${places} places. One tenant keeps ` +
      `${floodConnections} calls waiting for it; another makes one call after the other.`,
    machine,
    rows,
    notes: ["Without turns the other would wait for the whole queue in front of it, seconds long."],
  };
}

async function send(target: LoadTarget, tenant: string): Promise<boolean> {
  const response = await fetch(`${target.origin}/mcp`, {
    method: "POST",
    headers: { ...target.headers, authorization: `Bearer ${toTenantKey(tenant)}` },
    body: target.body,
  });
  return (await response.text()).includes('"ok"');
}

async function measureCalls(target: LoadTarget) {
  const times: number[] = [];
  let refused = 0;
  for (let each = 0; each < calls; each += 1) {
    const startedMs = performance.now();
    if (!(await send(target, "quiet"))) refused += 1;
    times.push(performance.now() - startedMs);
  }
  times.sort((one, other) => one - other);
  const at = (share: number): number => Math.round(toQuantile(times, share) * 10) / 10;
  return { "p50 ms": at(0.5), "p99 ms": at(0.99), refused };
}

function startFlood(target: LoadTarget) {
  let isOver = false;
  let answered = 0;
  const flooding = Array.from({ length: floodConnections }, async () => {
    while (!isOver) if (await send(target, "loud")) answered += 1;
  });
  return {
    async stop(): Promise<number> {
      isOver = true;
      await Promise.all(flooding);
      return answered;
    },
  };
}
