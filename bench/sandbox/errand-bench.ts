import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { openErrands } from "../../src/main/open-errands.ts";
import type { Tier } from "../../src/model/sandbox.ts";
import type { ErrandPlace, Errands } from "../../src/ports/errands.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import type { Sandboxes } from "../../src/ports/sandbox.ts";

export interface ErrandBench {
  readonly errands: Errands;
  readonly place: ErrandPlace;
  /** Milliseconds. */
  runCold(command: readonly string[]): Promise<number>;
  /** One that waits is there before the time begins. */
  runWarm(command: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

const plainPlace: Omit<ErrandPlace, "tier"> = {
  server: "bench",
  limits: {
    memoryBytes: 512 * 1024 * 1024,
    processes: 128,
    cpuMillis: 2_000,
    scratchBytes: 64 * 1024 * 1024,
    openFiles: 256,
  },
  egress: [],
  private: false,
  warm: 0,
};
const timeoutMs = 60_000;
/** After it is there, until this machine does nothing of it any more. */
const calmMs = 30;
const mostPolls = 6_000;

export function openBench(sandboxes: Pick<Sandboxes, "start">, tier: Tier): ErrandBench {
  const telemetry = createInMemoryTelemetry();
  const errands = openErrands({ sandboxes, clock: systemClock, telemetry });
  const place = { ...plainPlace, tier };
  const claims = (start: string): number => telemetry.value("sandbox_claims", { start }) ?? 0;
  /** Each that was started was claimed, or waits. */
  const waiting = (): number =>
    telemetry.values("sandbox_start_seconds").length - claims("warm") - claims("cold");

  async function run(command: readonly string[], warm: number): Promise<number> {
    const beganMs = systemClock.monotonicMs();
    const errand = { place: { ...place, warm }, command, environment: {}, files: [], timeoutMs };
    const end = await errands.run(errand, new AbortController().signal);
    const ms = systemClock.monotonicMs() - beganMs;
    if (end.reason !== "ended with 0") throw new Error(end.reason);
    return ms;
  }

  return {
    errands,
    place,
    runCold: (command) => run(command, 0),
    async runWarm(command) {
      if (waiting() === 0 && claims("warm") === 0) await run(command, 1);
      for (let polled = 0; waiting() === 0; polled += 1) {
        if (polled > mostPolls) throw new Error("nothing comes to wait");
        await systemClock.sleep(10);
      }
      await systemClock.sleep(calmMs);
      const before = claims("warm");
      const ms = await run(command, 1);
      if (claims("warm") === before) throw new Error("it did not wait any more");
      return ms;
    },
    close: () => errands.close(),
  };
}
