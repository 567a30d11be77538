import { openConfiguration } from "../../src/main/configuration.ts";
import type { StartParts } from "../../src/main/start-parts.ts";
import type { Config } from "../../src/model/config.ts";
import type { Digest } from "../../src/model/index.ts";
import type { Bus } from "../../src/ports/bus.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { RevisionRow, Revisions } from "../../src/ports/store.ts";
import type { Telemetry } from "../../src/ports/telemetry.ts";

/** Parts that know which configuration they were made of, and whether they run. */
export interface TestParts {
  readonly level: Config["log"]["level"];
  running: boolean;
}

export interface Scene {
  /** Null: the revision starts. */
  startFault: Error | null;
  stopFault: Error | null;
  readonly parts: TestParts[];
  readonly logged: { level: string; message: string; fields?: unknown }[];
  readonly subscribers: ((payload: string | null) => void)[];
}

export function createScene(): Scene {
  return { startFault: null, stopFault: null, parts: [], logged: [], subscribers: [] };
}

/** One replica on the given revisions; replicas that share a bus scene hear each other. */
export function startReplica(
  scene: Scene,
  given: {
    readonly document: string;
    readonly revisions: Revisions;
    readonly start?: StartParts<TestParts>;
    readonly clock?: Clock;
  },
) {
  const start: StartParts<TestParts> = async (config) => {
    await Promise.resolve();
    if (scene.startFault !== null) throw scene.startFault;
    const parts: TestParts = { level: config.log.level, running: true };
    scene.parts.push(parts);
    return {
      parts,
      stop: async () => {
        parts.running = false;
        if (scene.stopFault !== null) throw scene.stopFault;
      },
    };
  };
  return openConfiguration<TestParts>({
    document: given.document,
    revisions: given.revisions,
    start: given.start ?? start,
    clock: given.clock ?? createStepClock().clock,
    telemetry: toTelemetry(scene),
    bus: toBus(scene),
  });
}

function toTelemetry(scene: Scene): Telemetry {
  return {
    count: () => undefined,
    observe: () => undefined,
    gauge: () => undefined,
    log: (level, message, fields) => scene.logged.push({ level, message, fields }),
  };
}

function toBus(scene: Scene): Bus {
  return {
    publish: async (_, payload) => {
      for (const hear of scene.subscribers) hear(payload);
    },
    subscribe: async (_, onMessage) => {
      scene.subscribers.push(onMessage);
      return async () => {
        scene.subscribers.splice(scene.subscribers.indexOf(onMessage), 1);
      };
    },
    close: async () => undefined,
  };
}

/** Time that moves when the test says so; sleeps end when it has passed them. */
export function createStepClock() {
  let now = 1_000;
  const sleepers = new Set<{ atMs: number; wake: () => void }>();
  const clock: Clock = {
    nowMs: () => now,
    monotonicMs: () => now,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { atMs: now + delayMs, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", () => {
          sleepers.delete(sleeper);
          reject(new Error("woken"));
        });
      }),
  };
  const pass = (ms: number): void => {
    now += ms;
    for (const sleeper of sleepers) if (sleeper.atMs <= now) sleeper.wake();
  };
  return { clock, pass, sleeping: () => sleepers.size };
}

/** The rows of the store's contract, with a place to put faults. */
export function createRevisions() {
  const rows: RevisionRow[] = [];
  const scene = { applyFault: null as Error | null, beforeApply: async () => undefined as unknown };
  const revisions: Revisions = {
    current: async () => rows.at(-1) ?? null,
    get: async (digest) => rows.find((row) => row.digest === digest) ?? null,
    list: async (limit) => rows.toReversed().slice(0, limit),
    apply: async (next: RevisionRow, previous: Digest | null) => {
      await scene.beforeApply();
      if (scene.applyFault !== null) throw scene.applyFault;
      if ((rows.at(-1)?.digest ?? null) !== previous) return "stale";
      rows.push(next);
      return "applied";
    },
  };
  return { revisions, rows, scene };
}
