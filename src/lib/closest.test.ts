import fc from "fast-check";
import { expect, test } from "vitest";
import { seed } from "../../test/scale.ts";
import { closest, editDistance } from "./closest.ts";

test.each([
  ["bodySzie", "bodySize"],
  ["body_size", "bodySize"],
  ["BODYSIZE", "bodySize"],
  ["headrSize", "headerSize"],
  ["bodySizes", "bodySize"],
  ["header", "headerSize"],
  ["something", null],
  ["x", null],
])("of the known keys, %s means %s", (word, meant) => {
  expect(closest(word, ["bodySize", "headerSize", "drainTime"])).toBe(meant);
});

test("the nearest of several wins", () => {
  expect(closest("slot", ["slotsPerTenant", "slots"])).toBe("slots");
});

test("editDistance is a distance", () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
    { seed: seed() },
  );
  expect(editDistance("abcd", "abdc")).toBe(1);
  expect(editDistance("kitten", "sitting")).toBe(3);
});
