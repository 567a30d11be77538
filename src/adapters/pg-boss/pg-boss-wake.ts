import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Runs } from "../../ports/run-rows.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import { TimerSweeper } from "../../ports/timer-sweeper.ts";
import type { Serving, Wake, Worker } from "../../ports/wake.ts";
import { wakeLimits } from "../../ports/wake-limits.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { WakeQueue } from "./wake-queue.ts";

export interface PgBossWakeOptions {
  readonly queue: WakeQueue;
  /** Timers are rows of the runs; what they wake is enlisted in the queue by the store. */
  readonly runs: Pick<Runs, "setTimer" | "wakeDue">;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Wakes by pg-boss. The queue is its opener's to close, after the store that enlists in it. */
export function createPgBossWake({ queue, runs, clock, telemetry }: PgBossWakeOptions): Wake {
  const servings = new Set<Serving>();
  const sweepers = new Set<TimerSweeper>();

  return {
    async wake({ atMs, ...wake }) {
      if (atMs === undefined || atMs <= clock.nowMs()) return queue.enqueue([wake]);
      if (await runs.setTimer(wake.run, atMs)) for (const each of sweepers) each.expect(atMs);
    },

    async serve(worker) {
      requireSlots(worker);
      const onFault = (fault: unknown) => worker.onFault?.(fault);
      const sweeper = new TimerSweeper({ clock, runs, onFault });
      const dispatcher = new Dispatcher({ queue, clock, telemetry, worker });
      sweepers.add(sweeper);
      const serving: Serving = {
        async stop(options) {
          sweepers.delete(sweeper);
          servings.delete(serving);
          await Promise.all([sweeper.stop(), dispatcher.stop(options)]);
        },
      };
      servings.add(serving);
      return serving;
    },

    depth: () => queue.depth(),

    async close() {
      await Promise.all([...servings].map((serving) => serving.stop({ withinMs: 0 })));
    },
  };
}

function requireSlots({ slots, slotsPerTenant = 1 }: Worker): void {
  const isSound = (count: number) =>
    Number.isInteger(count) && count >= 1 && count <= wakeLimits.slots;
  if (isSound(slots) && isSound(slotsPerTenant)) return;
  throw new Fault("internal", `a worker takes 1 to ${wakeLimits.slots} slots, not ${slots}`);
}
