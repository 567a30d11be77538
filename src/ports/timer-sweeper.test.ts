import { expect, test } from "vitest";
import { createManualClock } from "./manual-clock.ts";
import { TimerSweeper } from "./timer-sweeper.ts";
import { wakeLimits } from "./wake-limits.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

function sweeping(timers: number[]) {
  const clock = createManualClock(0);
  const sweeps: number[] = [];
  const faults: unknown[] = [];
  const state = { broken: false };
  const sweeper = new TimerSweeper({
    clock,
    onFault: (fault) => faults.push(fault),
    runs: {
      async wakeDue(nowMs, limit) {
        sweeps.push(nowMs);
        if (state.broken) throw new Error("down");
        const due = timers.filter((atMs) => atMs <= nowMs).slice(0, limit);
        for (const atMs of due) timers.splice(timers.indexOf(atMs), 1);
        const nextAtMs = timers.length > 0 ? Math.min(...timers) : null;
        return { woken: due.length, nextAtMs };
      },
    },
  });
  const advance = async (ms: number) => {
    clock.advance(ms);
    await settled();
  };
  return { sweeper, sweeps, faults, state, advance };
}

test("sweeps at the time of the next timer, and at least every second", async () => {
  const { sweeper, sweeps, advance } = sweeping([300]);
  await settled();
  for (let count = 0; count < 23; count++) await advance(100);
  expect(sweeps).toEqual([0, 300, 1_300, 2_300]);
  await sweeper.stop();
});

test("a timer that is set here is met in time, also when it comes before the next", async () => {
  const timers = [900];
  const { sweeper, sweeps, advance } = sweeping(timers);
  await settled();
  timers.push(200);
  sweeper.expect(200);
  await settled();
  await advance(200);
  expect(sweeps).toEqual([0, 0, 200]);
  expect(timers).toEqual([900]);
  await sweeper.stop();
});

test("many that are due are woken without a pause in between", async () => {
  const timers = Array<number>(wakeLimits.duePerSweep * 2 + 1).fill(0);
  const { sweeper, sweeps } = sweeping(timers);
  await settled();
  expect(sweeps).toEqual([0, 0, 0]);
  expect(timers).toEqual([]);
  await sweeper.stop();
});

test("a sweep that fails is told, and tried again a second later", async () => {
  const { sweeper, sweeps, faults, state, advance } = sweeping([]);
  state.broken = true;
  await settled();
  await advance(1_000);
  state.broken = false;
  await advance(1_000);
  expect(sweeps).toEqual([0, 1_000, 2_000]);
  expect(faults).toEqual([new Error("down")]);
  await sweeper.stop();
});
