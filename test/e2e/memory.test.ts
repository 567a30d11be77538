import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Pool } from "undici";
import { expect, onTestFinished, test, vi } from "vitest";
import { scaled } from "../scale.ts";
import { startCountedServers } from "./counted-servers.ts";
import { createHome } from "./home.ts";
import { openScales, prepareScales } from "./weigh.ts";

vi.setConfig({ testTimeout: 600_000 });

const calls = scaled({ test: 8_000, prove: 80_000 });
const steps = scaled({ test: 4, prove: 8 });
const atOnce = 32;
/** A call that leaves as much behind is a leak. */
const leakMb = 512 / 1e6;

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
  prepareScales(home);
  const up = await home.up();
  const scales = await openScales(up);
  onTestFinished(() => scales.close());
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
  const sizes: Size[] = [];
  for (let step = 1; step <= steps; step += 1) {
    const until = (calls * step) / steps;
    await Promise.all(Array.from({ length: atOnce }, () => work(until)));
    const grownRssMb = readRssMb(up.pid);
    const { heap, buffers } = await scales.weigh();
    sizes.push({ grownRssMb, rssMb: readRssMb(up.pid), heldMb: (heap + buffers) / 1e6 });
  }
  const show = (name: keyof Size) => sizes.map((size) => size[name].toFixed(1)).join(" ");
  console.log(`After each ${calls / steps} calls, in MB: RSS ${show("grownRssMb")}`);
  console.log(`without garbage: RSS ${show("rssMb")}, held ${show("heldMb")}`);
  // The process takes what it likes of an idle machine's memory, and more of a busy one's, until it takes
  // its garbage out. What it holds without garbage is not chance: 0.5 KiB a call would be more than this.
  const half = sizes[steps / 2 - 1]!;
  const end = sizes.at(-1)!;
  expect(end.heldMb - half.heldMb).toBeLessThan((calls / 2) * leakMb);
  expect(end.rssMb - half.rssMb).toBeLessThan(32);
});

interface Size {
  /** With what garbage there is at the moment. */
  readonly grownRssMb: number;
  readonly rssMb: number;
  /** On the heap and in buffers. */
  readonly heldMb: number;
}

function readRssMb(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return Math.round((pages * 4_096) / 1e6);
}
