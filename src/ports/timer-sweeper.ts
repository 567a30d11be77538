import { Nudge } from "../lib/nudge.ts";
import type { Clock } from "./clock.ts";
import type { Runs } from "./run-rows.ts";
import { wakeLimits } from "./wake-limits.ts";

export interface TimerSweeperOptions {
  readonly clock: Clock;
  readonly runs: Pick<Runs, "wakeDue">;
  readonly onFault: (fault: unknown) => void;
}

/**
 * Wakes the runs whose time has come. Timers are rows, so any replica may sweep and ten thousand
 * of them cost nothing here: what is held is the time of the next one.
 */
export class TimerSweeper {
  readonly #options: TimerSweeperOptions;
  readonly #nudge = new Nudge();
  readonly #sweeping: Promise<void>;
  #nextAtMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: TimerSweeperOptions) {
    this.#options = options;
    this.#sweeping = this.#sweep();
  }

  /** A timer was set here: be there in time even if it is the next one. */
  expect(atMs: number): void {
    if (atMs >= this.#nextAtMs) return;
    this.#nextAtMs = atMs;
    this.#nudge.nudge();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#nudge.nudge();
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopped) {
      const more = await this.#wakeDue();
      if (more) continue;
      const untilNextMs = this.#nextAtMs - clock.nowMs();
      const delayMs = Math.min(wakeLimits.sweepMs, Math.max(shortestPauseMs, untilNextMs));
      await this.#nudge.wait((signal) => clock.sleep(delayMs, signal));
    }
  }

  async #wakeDue(): Promise<boolean> {
    const { clock, runs, onFault } = this.#options;
    try {
      const { woken, nextAtMs } = await runs.wakeDue(clock.nowMs(), wakeLimits.duePerSweep);
      this.#nextAtMs = nextAtMs ?? Number.POSITIVE_INFINITY;
      return woken === wakeLimits.duePerSweep;
    } catch (error) {
      // The rows are still there; the next sweep finds them.
      this.#nextAtMs = Number.POSITIVE_INFINITY;
      onFault(error);
      return false;
    }
  }
}

/** A row that is due may be held by another sweeper; asking again at once would not help. */
const shortestPauseMs = 5;
