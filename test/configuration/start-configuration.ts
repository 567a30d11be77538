import { openConfiguration } from "../../src/main/configuration.ts";
import { checkAtStart } from "../../src/main/read-document.ts";
import type { StartParts } from "../../src/main/start-parts.ts";
import type { Config } from "../../src/model/config.ts";
import type { Digest } from "../../src/model/index.ts";
import type { Bus } from "../../src/ports/bus.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import type { RevisionRow, Revisions } from "../../src/ports/revision-rows.ts";

/** Parts that know which configuration they were made of, and whether they run. */
export interface TestParts {
  readonly level: Config["log"]["level"];
  running: boolean;
}

/** What a test sees and disturbs of one replica. */
export interface Scene {
  /** Null: the revision starts. */
  startFault: Error | null;
  stopFault: Error | null;
  readonly parts: TestParts[];
  readonly telemetry: ReturnType<typeof createInMemoryTelemetry>;
  readonly bus: Bus;
}

/** Replicas that are given the same bus hear each other. */
export function createScene(bus: Bus = createInMemoryBus()): Scene {
  const telemetry = createInMemoryTelemetry();
  return { startFault: null, stopFault: null, parts: [], telemetry, bus };
}

export function startReplica(
  scene: Scene,
  given: {
    readonly document: string;
    readonly revisions: Revisions;
    readonly start?: StartParts<TestParts>;
    readonly clock?: Clock;
  },
) {
  return openConfiguration<TestParts>({
    document: given.document,
    check: checkAtStart,
    revisions: given.revisions,
    start: given.start ?? ((config) => startTestParts(scene, config)),
    clock: given.clock ?? createManualClock(1_000),
    telemetry: scene.telemetry,
    bus: scene.bus,
  });
}

async function startTestParts(scene: Scene, config: Config) {
  await Promise.resolve();
  if (scene.startFault !== null) throw scene.startFault;
  const parts: TestParts = { level: config.log.level, running: true };
  scene.parts.push(parts);
  const stop = async (): Promise<void> => {
    parts.running = false;
    if (scene.stopFault !== null) throw scene.stopFault;
  };
  return { parts, stop };
}

/** The in-memory store's revisions, with a place to put faults. */
export function createRevisions() {
  const { revisions } = createInMemoryStore();
  const trouble = { fault: null as Error | null, before: async (): Promise<void> => undefined };
  const apply = async (next: RevisionRow, previous: Digest | null) => {
    await trouble.before();
    if (trouble.fault !== null) throw trouble.fault;
    return revisions.apply(next, previous);
  };
  return { revisions: { ...revisions, apply } satisfies Revisions, trouble };
}
