import fc from "fast-check";
import { expect, test } from "vitest";
import { seed } from "../../test/scale.ts";
import { formatDuration, parseDuration } from "./duration.ts";

test.each([
  ["250ms", 250],
  ["30s", 30_000],
  ["1m30s", 90_000],
  ["2h", 7_200_000],
  ["1d12h", 129_600_000],
  ["0s", 0],
])("%s is %d ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "30", "s", "1.5s", "-1s", "30 s", "30S", "1s1m", "1e3s", "1s\n", "9999999999s"])(
  "%j is no duration",
  (text) => {
    expect(parseDuration(text)).toBeNull();
  },
);

test("every duration has one canonical spelling that reads back", () => {
  fc.assert(
    fc.property(fc.nat({ max: 400 * 86_400_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
    { seed: seed() },
  );
  expect(formatDuration(90_000)).toBe("1m30s");
});
