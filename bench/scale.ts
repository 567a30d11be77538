import { setTimeout as sleep } from "node:timers/promises";
import { meta, modernHeaders, startEcho, startGoverned } from "./gate/contenders.ts";
import { createLoad } from "./gate/load.ts";
import { median, readCpuUs, readRss } from "./gate/usage.ts";
import type { Progress } from "./main.ts";
import { readMachine, toQuantile, type Report } from "./report.ts";

const sizes = [
  { tools: 10, servers: 1 },
  { tools: 10, servers: 10 },
  { tools: 100, servers: 1 },
  { tools: 100, servers: 10 },
  { tools: 100, servers: 50 },
  { tools: 1_000, servers: 1 },
  { tools: 1_000, servers: 10 },
  { tools: 1_000, servers: 50 },
] as const;
const rounds = 5;
const calls = 3_000;
const lists = 50;
const streams = 500;

/** What a call, a listing and an open stream cost as the catalog grows. */
export async function measureScale(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const rows: Record<string, string | number>[] = [];
  for (const size of sizes) {
    progress(`${size.tools} tools on ${size.servers} servers`);
    rows.push(await measureSize(size));
  }
  return {
    name: "Gate, as its catalog grows",
    about:
      "One read of 1 KiB over 32 connections, one whole listing, and standing streams that say nothing, behind catalogs of growing size. CPU is that of the gate's process; the median of five rounds.",
    machine,
    rows,
    notes: [
      "The tool that is called is one of the last server's.",
      `Streams: ${streams} of subscriptions/listen at once; CPU of each second while nothing happens.`,
    ],
  };
}

async function measureSize({ tools, servers }: (typeof sizes)[number]) {
  const echo = await startEcho(tools / servers);
  const names = Array.from({ length: servers }, (_, index) => `up${index}`);
  const gate = await startGoverned(echo.port, { effect: "read", servers: names });
  const load = createLoad(await gate.toTarget(1_024));
  try {
    await load.run(calls, 32);
    const cpu: number[] = [];
    for (let round = 0; round < rounds; round += 1)
      cpu.push(await spend(gate.pids, () => load.run(calls, 32), calls));
    const { times } = await load.run(1_000, 1);
    const listing = await measureListing(gate);
    const streaming = await measureStreams(gate);
    return {
      tools,
      servers,
      "call, CPU µs": Math.round(median(cpu)),
      "call, p50 ms": round2(toQuantile(times, 0.5)),
      ...listing,
      ...streaming,
      "RSS MB": Math.round(readRss(gate.pids) / 1e6),
    };
  } finally {
    await load.close();
    await gate.stop();
    await echo.stop();
  }
}

type Gate = Awaited<ReturnType<typeof startGoverned>>;

async function measureListing({ url, key, pids }: Gate) {
  const headers = { ...toHeaders(key, "tools/list") };
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/list",
    params: { _meta: meta },
  });
  const list = async (): Promise<string> =>
    (await fetch(`${url}/mcp/all`, { method: "POST", headers, body })).text();
  const bytes = (await list()).length;
  const times: number[] = [];
  const cpu = await spend(
    pids,
    async () => {
      for (let count = 0; count < lists; count += 1) {
        const startedMs = performance.now();
        await list();
        times.push(performance.now() - startedMs);
      }
    },
    lists,
  );
  return {
    "list, KiB": Math.round(bytes / 1_024),
    "list, CPU µs": Math.round(cpu),
    "list, p50 ms": round2(median(times)),
  };
}

async function measureStreams({ url, key, pids }: Gate) {
  const before = readRss(pids);
  const leaving = new AbortController();
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "subscriptions/listen",
    params: { notifications: { toolsListChanged: true }, _meta: meta },
  });
  const headers = toHeaders(key, "subscriptions/listen");
  await Promise.all(
    Array.from({ length: streams }, async () => {
      const { signal } = leaving;
      const response = await fetch(`${url}/mcp/all`, { method: "POST", headers, body, signal });
      await response.body!.getReader().read();
    }),
  );
  const seconds = 3;
  const cpu = await spend(pids, () => sleep(seconds * 1_000), seconds);
  const after = readRss(pids);
  leaving.abort();
  await sleep(200);
  return {
    "stream, KiB": Math.max(0, Math.round((after - before) / streams / 1_024)),
    "streams, CPU ms a second": round2(cpu / 1_000),
  };
}

function toHeaders(key: string, method: string): Record<string, string> {
  const { "mcp-name": _name, ...headers } = modernHeaders("", method);
  return { ...headers, authorization: `Bearer ${key}` };
}

async function spend(
  pids: readonly number[],
  work: () => Promise<unknown>,
  count: number,
): Promise<number> {
  const before = readCpuUs(pids);
  await work();
  return (readCpuUs(pids) - before) / count;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
