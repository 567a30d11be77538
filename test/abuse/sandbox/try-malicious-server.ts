import { createInterface } from "node:readline";
import path from "node:path";
import { expect } from "vitest";
import type { Tier } from "../../../src/model/sandbox.ts";
import type { Sandbox } from "../../../src/ports/sandbox.ts";
import type { Loot } from "../malicious-server.ts";
import { smallLimits } from "./attempt.ts";
import type { Stage } from "./stage.ts";

const folder = path.dirname(import.meta.dirname);
const limits = { ...smallLimits, memoryBytes: 256 * 1024 * 1024 };

interface Answer {
  readonly id: number;
  readonly result: { readonly content: readonly { readonly text: string }[] };
}

function createCaller(sandbox: Sandbox): (method: string, params: object) => Promise<Answer> {
  const waiting = new Map<number, (answer: Answer) => void>();
  createInterface({ input: sandbox.stdout }).on("line", (line) => {
    const answer = JSON.parse(line) as Answer;
    waiting.get(answer.id)?.(answer);
  });
  let last = 0;
  return (method, params) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, resolve);
      sandbox.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: last, method, params })}\n`);
      void sandbox.ended.then(({ reason }) => reject(new Error(`the server ${reason}`)));
    });
}

/** Registered as any other: its folder is mounted, and it is asked for the weather. */
export async function tryMaliciousServer({ driver, traps }: Stage): Promise<void> {
  const { places } = traps;
  const targets = {
    files: [
      places.hostFile,
      path.join(places.project, "package.json"),
      `/proc/${places.bystander}/environ`,
    ],
    ports: [places.hostPort, places.neighbour.port],
    sockets: [places.hostSocket, places.hiddenSocket, `\0${places.hostAbstract}`],
    victims: [places.bystander, process.pid],
  };
  const sandbox = await driver.start({
    command: [process.execPath, path.join(folder, "malicious-server.ts"), JSON.stringify(targets)],
    environment: { UNITS: "metric" },
    directory: folder,
    mounts: [{ path: folder, isWritable: false }],
    limits,
    onConnection: null,
    authority: null,
  });
  let complaints = "";
  sandbox.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString("utf8").slice(0, 10_000);
  });
  try {
    const call = createCaller(sandbox);
    await call("initialize", { protocolVersion: "2025-11-25", capabilities: {} });
    const { result } = await call("tools/call", { name: "weather", arguments: { city: "Bern" } });
    const text = result.content[0]!.text;
    for (const canary of traps.canaries) expect(text).not.toContain(canary);
    const [atStart, atCall] = JSON.parse(text) as [Loot, Loot];
    for (const loot of [atStart, atCall]) expectNothing(loot, driver.tier);
    expect(atStart.startedProcesses, "it did try to spread").toBeGreaterThan(0);
    expect(atStart.writtenBytes, "it did try to fill the disk").toBeGreaterThan(0);
  } catch (error) {
    throw new Error(`${String(error)}\n${complaints}`, { cause: error });
  } finally {
    sandbox.kill();
  }
  const end = await sandbox.ended;
  expect(end.remains).toEqual([]);
  expect(end.usage.refusedProcesses ?? 1, "it is told").toBeGreaterThan(0);
  expect(traps.harms()).toEqual([]);
}

function expectNothing(loot: Loot, tier: Tier): void {
  const { "/proc/1/environ": first, ...got } = loot.got;
  expect(got).toEqual({});
  // Under gVisor it is the first process itself, and reads what it was given.
  if (tier !== "T2") expect(first).toBeUndefined();
  expect(Object.keys(loot.refused).length).toBeGreaterThan(10);
  expect(loot.environment).toMatchObject({ UNITS: "metric" });
  expect(loot.interfaces.filter((name) => name !== "lo")).toEqual([]);
  expect(loot.startedProcesses).toBeLessThanOrEqual(limits.processes);
  expect(loot.writtenBytes).toBeLessThanOrEqual(limits.scratchBytes);
}
