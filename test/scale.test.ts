import { expect, test } from "vitest";
import { parseSeed, proving, scaled, seed } from "./scale.ts";

test("every file of a run draws from one seed", () => {
  expect(seed()).toBe(seed());
  expect(seed()).toBeGreaterThanOrEqual(0);
});

test("a count is the one of this run", () => {
  expect(scaled({ test: 1, prove: 2 })).toBe(proving ? 2 : 1);
});

test.each([undefined, "", "-1", "1.5", "2147483648", "seed"])("a seed of %o is refused", (text) => {
  expect(() => parseSeed(text)).toThrow(/COUNTERSIGN_SEED must be a whole number/);
});
