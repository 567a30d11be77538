import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { seed } from "../scale.ts";
import { describeClock } from "./clock.ts";
import { describeRandom } from "./random.ts";

describeClock("system", () => ({ clock: systemClock, pass: (ms) => delay(ms) }));
describeClock("manual", () => {
  const clock = createManualClock(1_000_000);
  return {
    clock,
    pass: async (ms) => {
      for (let passed = 0; passed < ms; passed++) {
        clock.advance(1);
        await Promise.resolve();
      }
    },
  };
});

describeRandom("system", () => systemRandom);
describeRandom("seeded", () => createSeededRandom(seed()));

test("the same seed gives the same bytes, another one others", () => {
  expect(createSeededRandom(7).bytes(32)).toEqual(createSeededRandom(7).bytes(32));
  expect(createSeededRandom(7).bytes(32)).not.toEqual(createSeededRandom(8).bytes(32));
});
