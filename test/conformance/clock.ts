import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/ports/clock.ts";

export interface ClockUnderTest {
  readonly clock: Clock;
  /** Lets that much time go by on the clock. */
  pass(ms: number): Promise<void>;
}

export function describeClock(name: string, make: () => ClockUnderTest): void {
  describe(`clock: ${name}`, () => {
    test("time goes on, and the monotonic one by what passed", async () => {
      const { clock, pass } = make();
      const [wallMs, startMs] = [clock.nowMs(), clock.monotonicMs()];
      await pass(20);
      expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(19);
      expect(clock.nowMs()).toBeGreaterThan(wallMs);
    });

    test("sleepers wake in the order of their times, none too early", async () => {
      const { clock, pass } = make();
      const startMs = clock.monotonicMs();
      const woken: string[] = [];
      const sleep = async (ms: number, label: string): Promise<void> => {
        await clock.sleep(ms);
        expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(ms - 1);
        woken.push(label);
      };
      const sleeping = [sleep(60, "late"), sleep(10, "early")];
      await pass(80);
      await Promise.all(sleeping);
      expect(woken).toEqual(["early", "late"]);
    });

    test("an aborted sleep rejects with the signal's own reason", async () => {
      const { clock } = make();
      const reason = new Error("enough");
      await expect(clock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
      const controller = new AbortController();
      const sleeping = clock.sleep(60_000, controller.signal);
      controller.abort(reason);
      await expect(sleeping).rejects.toBe(reason);
    });
  });
}
