import fc from "fast-check";
import { expect, test } from "vitest";
import {
  coolMs,
  isBreakerOpen,
  newBreaker,
  stepBreaker,
  toCoolingMs,
  tripAfter,
  type BreakerNews,
  type BreakerTrack,
} from "./breaker-track.ts";

const after = (track: BreakerTrack, nowMs: number, ...news: BreakerNews[]): BreakerTrack =>
  news.reduce((before, each) => stepBreaker(before, each, nowMs), track);

const faults = (count: number): BreakerNews[] => Array<BreakerNews>(count).fill("faulted");
const tripped = after(newBreaker, 1_000, ...faults(tripAfter));

test("three faults in a row open it, a success between them begins anew", () => {
  expect(after(newBreaker, 0, ...faults(tripAfter - 1)).state).toBe("closed");
  const mixed = after(newBreaker, 0, ...faults(2), "succeeded", ...faults(2));
  expect([mixed.state, mixed.faults]).toEqual(["closed", 2]);
  expect(tripped).toEqual({ state: "open", faults: tripAfter, openedMs: 1_000 });
});

test("after the cooling time one goes through, and decides for the others", () => {
  const readyMs = 1_000 + coolMs;
  expect(toCoolingMs(tripped, readyMs - 1)).toBe(1);
  expect(isBreakerOpen(tripped, readyMs - 1)).toBe(true);
  expect(after(tripped, readyMs - 1, "entered")).toBe(tripped);
  expect(isBreakerOpen(tripped, readyMs)).toBe(false);
  const probing = after(tripped, readyMs, "entered");
  expect([probing.state, isBreakerOpen(probing, readyMs + coolMs)]).toEqual(["probing", true]);
  expect(after(probing, readyMs, "succeeded")).toMatchObject({ state: "closed", faults: 0 });
  const again = after(probing, readyMs + 5, "faulted");
  expect([again.state, again.openedMs]).toEqual(["open", readyMs + 5]);
});

test("a probe that says nothing lets the next one try at once; without one it changes nothing", () => {
  const readyMs = 1_000 + coolMs;
  const left = after(tripped, readyMs, "entered", "gave_up");
  expect([left.state, isBreakerOpen(left, readyMs)]).toEqual(["open", false]);
  for (const track of [newBreaker, tripped]) expect(after(track, 9_999, "gave_up")).toBe(track);
});

test("whatever is heard, one that succeeded with nothing kept away is closed, and nothing leaves an open one but time", () => {
  const news = fc.constantFrom<BreakerNews>("entered", "succeeded", "faulted", "gave_up");
  fc.assert(
    fc.property(fc.array(fc.tuple(news, fc.nat(coolMs)), { maxLength: 60 }), (steps) => {
      let track = newBreaker;
      let nowMs = 0;
      for (const [heard, pauseMs] of steps) {
        nowMs += pauseMs;
        const next = stepBreaker(track, heard, nowMs);
        const isKept = track.state === "open" && toCoolingMs(track, nowMs) > 0;
        if (isKept) expect(next.state).toBe("open");
        if (heard === "succeeded" && track.state !== "open") expect(next.state).toBe("closed");
        if (next.state === "closed") expect(next.faults).toBeLessThan(tripAfter);
        track = next;
      }
    }),
  );
});
