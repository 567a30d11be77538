import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Pool } from "undici";
import { expect, onTestFinished, test, vi } from "vitest";
import { scaled } from "../scale.ts";
import { startCountedServers } from "./counted-servers.ts";
import { createHome } from "./home.ts";

vi.setConfig({ testTimeout: 600_000 });

const calls = scaled({ test: 16_000, prove: 80_000 });
const steps = 8;
const atOnce = 32;

const body = (n: number): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: n,
    method: "tools/call",
    params: {
      name: "modern__look",
      arguments: { n },
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
  });

test(`memory settles: after ${calls} calls the process is no larger than after the first half`, async () => {
  const servers = await startCountedServers();
  const home = createHome();
  writeFileSync(
    path.join(home.directory, "countersign.yaml"),
    `version: 1
policy: { rule: allow-all }
servers:
  modern: { transport: http, url: "${servers.modern}", private: true, effect: read }
`,
  );
  const up = await home.up();
  const key = readFileSync(path.join(home.directory, "config/countersign/caller.key"), "utf8");
  const pool = new Pool(up.url, { connections: atOnce });
  onTestFinished(() => pool.close());
  const headers = {
    authorization: `Bearer ${key.trim()}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "modern__look",
  };
  let next = 0;
  const work = async (until: number): Promise<void> => {
    while (next < until) {
      const n = next++;
      const response = await pool.request({ path: "/mcp", method: "POST", headers, body: body(n) });
      const text = await response.body.text();
      if (!text.includes('"result"')) throw new Error(text);
    }
  };
  await vi.waitFor(() => work(next + 1), 10_000);
  const sizes: number[] = [];
  for (let step = 1; step <= steps; step += 1) {
    const until = (calls * step) / steps;
    await Promise.all(Array.from({ length: atOnce }, () => work(until)));
    sizes.push(readRssMb(up.pid));
  }
  console.log(`RSS in MB after each ${calls / steps} calls: ${sizes.join(" ")}`);
  const half = sizes[steps / 2 - 1]!;
  // What a leak of 1 KiB a call would add is more than this when the counts are full.
  expect(sizes.at(-1)! - half).toBeLessThan(scaled({ test: 64, prove: 32 }));
});

function readRssMb(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return Math.round((pages * 4_096) / 1e6);
}
