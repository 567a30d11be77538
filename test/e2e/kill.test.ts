import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { scaled, seed } from "../scale.ts";
import { findPostmasters, stopPostmasters } from "./home.ts";

const writer = new URL("append-writer.ts", import.meta.url).pathname;
const directory = mkdtempSync(path.join(tmpdir(), "cs-kill-"));
const find = () => findPostmasters(path.join(directory, ".countersign", "postgres"));
const writers = 16;

interface Line {
  readonly ready?: string;
  readonly run?: string;
  readonly head?: number;
  readonly entry?: string;
  readonly entries?: readonly string[];
  readonly events?: readonly (readonly [number, { readonly run: string; readonly seq: number }])[];
}

function start(mode: "write" | "dump", ...runs: readonly string[]) {
  const child = spawn(process.execPath, [writer, mode, directory, String(writers), ...runs]);
  const lines: Line[] = [];
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const read = once(
    createInterface({ input: child.stdout }).on("line", (line) => {
      // The last line before a kill may be half a line: nothing was acknowledged by it.
      if (line.endsWith("}")) lines.push(JSON.parse(line) as Line);
    }),
    "close",
  );
  const exited = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  return { child, lines, read, exited, complaint: () => err };
}

async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 20_000;
  while (!holds()) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error("it did not come to pass");
    await systemClock.sleep(5);
  }
}

afterAll(async () => {
  await stopPostmasters(find);
  rmSync(directory, { recursive: true, force: true });
});

/** Writes until a random moment, and what was acknowledged by then. */
async function writeUntilKilled(fraction: number, { postgresToo }: { postgresToo: boolean }) {
  const { child, lines, read, exited, complaint } = start("write");
  await Promise.race([
    until(() => lines.some(({ run }) => run !== undefined)),
    exited.then(() => Promise.reject(new Error(complaint()))),
  ]);
  await systemClock.sleep(fraction * 400);
  expect(find()).toHaveLength(1);
  const [postmaster] = find();
  child.kill("SIGKILL");
  if (postgresToo) process.kill(postmaster!, "SIGKILL");
  expect([await exited, complaint()]).toEqual(["SIGKILL", ""]);
  await read;
  return { lines, postmaster: postgresToo ? null : postmaster! };
}

test("kill -9 at random moments loses no acknowledged append and doubles none", async () => {
  const random = createSeededRandom(seed());
  const kept: string[] = [];
  const acknowledged = { appends: 0, entries: new Set<string>() };
  for (let round = 0; round < scaled({ test: 5, prove: 50 }); round++) {
    const postgresToo = random.fraction() < 0.25;
    const killed = await writeUntilKilled(random.fraction(), { postgresToo });
    const heads = new Map<string, number>();
    for (const { run, head, entry } of killed.lines) {
      if (run !== undefined) heads.set(run, head ?? 1);
      if (entry !== undefined) acknowledged.entries.add(entry);
    }
    acknowledged.appends += killed.lines.filter(({ entry }) => entry !== undefined).length;

    // Left behind, it is adopted: the same process, and never a second one.
    const dumping = start("dump", ...heads.keys());
    await until(() => dumping.lines.length > 0);
    expect(find().length).toBeLessThanOrEqual(1);
    expect([await dumping.exited, dumping.complaint()]).toEqual([0, ""]);
    await dumping.read;
    expect(find()).toEqual([]);

    const entries = dumping.lines.find((line) => line.entries !== undefined)!.entries!;
    const stored = dumping.lines.filter((line) => line.events !== undefined);
    expect(stored).toHaveLength(heads.size);
    for (const { run, head, events } of stored) {
      const known = heads.get(run!)!;
      expect(head).toBeGreaterThanOrEqual(known);
      // One unit of two events may have been made durable and not yet acknowledged.
      expect(head! - known).toBeLessThanOrEqual(2);
      expect(events).toEqual(Array.from({ length: head! }, (_, i) => [i + 1, { run, seq: i + 1 }]));
    }
    expect(new Set(entries).size).toBe(entries.length);
    const there = new Set(entries);
    expect([...acknowledged.entries].filter((entry) => !there.has(entry))).toEqual([]);
    kept.push(
      `${heads.size} runs, ${entries.length} entries${postgresToo ? ", Postgres killed too" : ""}`,
    );
  }
  console.log(
    `${acknowledged.appends} acknowledged appends over ${kept.length} kills: ${kept.at(-1)}`,
  );
  expect(acknowledged.appends).toBeGreaterThan(20);
}, 600_000);

test("a server that comes back while its Postgres is left behind adopts that very process", async () => {
  const killed = await writeUntilKilled(0.1, { postgresToo: false });
  expect(find()).toEqual([killed.postmaster]);
  const { child, lines, exited } = start("write");
  await until(() => lines.some(({ ready }) => ready !== undefined));
  expect(lines[0]!.ready).toContain("taken over from a server that died");
  expect(find()).toEqual([killed.postmaster]);
  child.kill("SIGKILL");
  await exited;
});
