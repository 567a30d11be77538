import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sandbox } from "../../src/ports/sandbox.ts";
import type { Attempt } from "./sandbox/attempt.ts";
import { attempts } from "./sandbox/attempts.ts";
import { scaled, seed } from "../scale.ts";
import { createDrivers } from "./sandbox/drivers.ts";
import { startNeighbour } from "./sandbox/neighbour.ts";
import { runAttempt, runOutside, toDeadlineMs } from "./sandbox/run-attempt.ts";
import type { Staged } from "./sandbox/stage.ts";
import { staged } from "./sandbox/staged.ts";
import { makeTrapFolder, plantTraps, type PlantedTraps, type Traps } from "./sandbox/traps.ts";

const canary = `canary-${randomUUID()}`;
const made = makeTrapFolder();
const found = await Promise.all(
  createDrivers([made.hidden]).map(async (driver) => ({ driver, probe: await driver.probe() })),
);
type Found = (typeof found)[number];

const outOfReach = findReasonOfMachine();
/** Why nothing of the list can be tried on this machine; null: it can. */
function findReasonOfMachine(): string | null {
  if (process.platform !== "linux") return "the attempts are made for Linux";
  return existsSync("/usr/bin/python3") ? null : "there is no /usr/bin/python3 to make them with";
}

/** A machine without help of the processor takes a second or more for each: a tenth of them, by the seed. */
const share = scaled({ test: 10, prove: 1 });
function isSampled({ driver }: Found, index: number): boolean {
  return driver.tier !== "T3" || index % share === seed() % share;
}

function findReasonNot({ probe }: Found, attempt: Partial<Attempt & Staged>): string | null {
  const { needs, processor, asRoot = false } = attempt;
  if (outOfReach !== null) return outOfReach;
  if (asRoot && process.getuid?.() !== 0) return "only a server that is root does that";
  if (processor === "x64" && process.arch !== "x64") return "its numbers are those of x86-64";
  const isHeld =
    needs === undefined || probe.kind === "missing" || probe.enforcement[needs] !== "none";
  return !isHeld ? `nothing on this machine holds ${needs}` : null;
}

/** For titles, which are cut where they are taken from an object. */
function byName<T extends { readonly name: string }>(all: readonly T[]): [string, T][] {
  return all.map((each) => [each.name, each]);
}

let planted: PlantedTraps | null = null;
beforeAll(async () => {
  if (outOfReach === null) planted = await plantTraps(made, canary);
});
afterAll(() => planted?.close());

test("the list has at least forty attempts, each with a name of its own", () => {
  const names = [...attempts, ...staged].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(40);
});

const missing = found.flatMap(({ driver, probe }) =>
  probe.kind === "missing" ? [{ driver, probe }] : [],
);
test.for(missing)("I12: $driver.name ($driver.tier) is tried", ({ driver, probe }, { skip }) => {
  const all = [...attempts, ...staged];
  const states = new Map(all.map(({ name }) => [name, `NOT RUN (${probe.reason})`]));
  console.log(toTable(`${driver.name} (${driver.tier})`, states));
  skip(probe.reason);
  expect.unreachable();
});

const usable = found.filter(({ probe }) => probe.kind === "usable");
describe.each(usable)("$driver.name ($driver.tier)", (one) => {
  const { driver } = one;
  const states = new Map<string, string>();
  const testMs = toDeadlineMs(driver) + 20_000;
  let traps: Traps;
  let neighbour: Sandbox | null = null;

  beforeAll(async () => {
    if (planted === null) return;
    const started = await startNeighbour(driver, canary);
    neighbour = started.sandbox;
    traps = { ...planted, places: { ...planted.places, neighbour: started.neighbour } };
  });
  afterAll(async () => {
    console.log(toTable(`${driver.name} (${driver.tier})`, states));
    neighbour?.kill();
    const end = await neighbour?.ended;
    expect(end?.remains ?? []).toEqual([]);
  });

  function begin(name: string, reason: string | null, skip: (note: string) => void): void {
    states.set(name, reason === null ? "failed" : `NOT RUN (${reason})`);
    if (reason !== null) skip(reason);
  }

  const tried = byName(attempts.filter((_, index) => isSampled(one, index)));
  test.concurrent.for(tried)(
    "I12: nothing comes of %s",
    { timeout: testMs },
    async ([, attempt], { skip }) => {
      begin(attempt.name, findReasonNot(one, attempt), skip);
      const ended = await runAttempt(driver, traps, attempt);
      expect(ended?.end.remains ?? []).toEqual([]);
      expect(traps.harms()).toEqual([]);
      states.set(attempt.name, "passed");
    },
  );

  test.for(byName(staged.filter((_, index) => isSampled(one, index))))(
    "I12: nothing comes of %s",
    { timeout: testMs },
    async ([name, act], { skip }) => {
      begin(name, findReasonNot(one, act), skip);
      await act.run({ driver, traps, neighbour: neighbour! });
      expect(traps.harms()).toEqual([]);
      states.set(name, "passed");
    },
  );
});

const harmless = attempts.filter(({ getsOutside }) => getsOutside !== undefined);
test.for(byName(harmless))("a trap outside a sandbox: %s", async ([, attempt], { skip }) => {
  if (planted === null) return skip(outOfReach ?? "there are no traps");
  const neighbour = { file: "/nowhere", segment: 0, port: 1 };
  const { got } = await runOutside(attempt, { ...planted.places, neighbour });
  expect(Object.keys(got)).toEqual(expect.arrayContaining([...attempt.getsOutside!]));
});

function toTable(driver: string, states: ReadonlyMap<string, string>): string {
  const all = [...attempts, ...staged];
  const rows = all.map(({ name }) => `  ${states.get(name) ?? "not tried this time"}: ${name}`);
  const passed = [...states.values()].filter((state) => state === "passed").length;
  const tried = states.size === all.length ? "" : `, of ${states.size} that were tried`;
  return [`${driver}: ${passed} of ${all.length} attempts came to nothing${tried}`, ...rows].join(
    "\n",
  );
}
