import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import type { SandboxDriver } from "../../src/ports/sandbox.ts";
import * as bubblewrap from "../conformance/bubblewrap-under-test.ts";
import * as gvisor from "../conformance/gvisor-under-test.ts";
import * as microvm from "../conformance/microvm-under-test.ts";
import { proving, scaled, seed } from "../scale.ts";

interface Place {
  readonly name: string;
  readonly driver: SandboxDriver;
  readonly findLeft: (servers: readonly number[]) => readonly string[];
  readonly kills: number;
  /** Between two kills, at most: as long as some errands take. */
  readonly mostMs: number;
}

const places: readonly Place[] = [
  {
    name: "bubblewrap",
    driver: bubblewrap.createDriverUnderTest(),
    findLeft: bubblewrap.findLeft,
    kills: scaled({ test: 8, prove: 1_000 }),
    mostMs: 250,
  },
  {
    name: "gvisor",
    driver: gvisor.createGvisorUnderTest(),
    findLeft: gvisor.findLeft,
    kills: scaled({ test: 5, prove: 100 }),
    mostMs: 1_500,
  },
  {
    name: "qemu",
    driver: microvm.createQemuUnderTest(),
    findLeft: microvm.findLeft,
    kills: scaled({ test: 3, prove: 40 }),
    mostMs: 3_000,
  },
];

const scenario = fileURLToPath(new URL("../errand-scenario.ts", import.meta.url));
const random = createSeededRandom(seed());
const draw = <T>(from: readonly T[]): T | undefined =>
  from[Math.floor(random.fraction() * from.length)];

interface Server {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly lines: readonly string[];
  readonly gone: Promise<unknown>;
}

async function startServer(name: string): Promise<Server> {
  const child = spawn(process.execPath, [scenario, name], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const up = new Promise((resolve) => reader.once("line", resolve));
  reader.on("line", (line) => lines.push(line));
  const gone = once(child, "exit");
  await Promise.race([up, gone]);
  expect(lines[0]).toBe("up");
  return { child, pid: child.pid!, lines, gone };
}

interface Running {
  readonly pid: number;
  readonly parent: number;
}

function listRunning(): readonly Running[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return state === "Z" ? [] : [{ pid: Number(name), parent: Number(parent) }];
      } catch {
        return [];
      }
    });
}

/** What a server has started itself, and what those have started. */
function listStarted(server: number) {
  const running = listRunning();
  const below = (parents: readonly number[]): readonly number[] =>
    running.filter((one) => parents.includes(one.parent)).map((one) => one.pid);
  const outer = below([server]);
  const inner: number[] = [];
  for (let next = below(outer); next.length > 0; next = below(next)) inner.push(...next);
  return { outer, inner };
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
};

/** Whom; null: there was nobody of them just then. */
type Victim = "server" | "outer" | "inner" | null;

function killSomething({ pid }: Server): Victim {
  const chance = random.fraction();
  const kind = chance < 0.15 ? "server" : chance < 0.5 ? "outer" : "inner";
  const victim = kind === "server" ? pid : draw(listStarted(pid)[kind]);
  if (victim === undefined) return null;
  kill(victim);
  return kind;
}

async function expectNothingLeft({ findLeft }: Place, servers: readonly Server[]): Promise<void> {
  const pids = servers.map((one) => one.pid);
  const find = () => findLeft(pids).map((line) => line.slice(0, 200));
  await expect.poll(find, { timeout: 20_000 }).toEqual([]);
}

/** In `npm test` one of the two strong ones is tried, by the seed: each of their errands takes seconds. */
const rested = proving ? undefined : places[1 + (seed() % 2)]!.name;

describe.each(places)("errands in $name, killed at random", (place) => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach(({ child }) => child.kill("SIGKILL")));

  test("leave nothing, whoever was killed", { timeout: 3_000_000 }, async ({ skip }) => {
    skip(place.name === rested, "one of two strong ones is tried, by the seed");
    const { name, driver, kills, mostMs } = place;
    const probe = await driver.probe();
    if (probe.kind === "missing") {
      console.log(`NOT RUN: kills in ${name}: ${probe.reason}`);
      return skip();
    }
    const counts = { server: 0, outer: 0, inner: 0 };
    let server = await startServer(name);
    servers.push(server);
    for (let round = 0; round < kills; round += 1) {
      await systemClock.sleep(random.fraction() * mostMs);
      const victim = killSomething(server);
      if (victim === null) continue;
      counts[victim] += 1;
      if (victim !== "server") continue;
      await server.gone;
      await driver.sweep();
      await expectNothingLeft(place, servers);
      server = await startServer(name);
      servers.push(server);
    }
    // Whoever lives carries out errands still, and ends them all when it ends.
    server.child.kill("SIGTERM");
    await server.gone;
    expect(server.lines.at(-1)).toMatch(/^ended [1-9]/);
    expect(servers.flatMap((one) => one.lines).filter((line) => line.startsWith("wrong"))).toEqual(
      [],
    );
    await expectNothingLeft(place, servers);
    const said = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
    console.log(`seed ${seed()}: killed in ${name}: ${said.join(", ")}`);
  });
});
