import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../ports/clock.ts";

export const systemClock: Clock = Object.freeze({
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    try {
      await delay(delayMs, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // node:timers wraps the reason; the port promises the reason itself.
      if (signal?.aborted === true) throw signal.reason;
      throw error;
    }
  },
});
