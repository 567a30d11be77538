import { expect, test } from "vitest";
import { toDuration, toRelative } from "./to-duration.ts";

test.each([
  [0, "0 ms"],
  [3.27, "3.3 ms"],
  [431.4, "431 ms"],
  [2_449, "2.4 s"],
  [59_999, "59.9 s"],
  [60_000, "1 min"],
  [185_000, "3 min 5 s"],
  [7_800_000, "2 h 10 min"],
  [86_400_000 * 4 + 7_300_000, "4 d 2 h"],
])("%d ms are %s", (ms, words) => {
  expect(toDuration(ms)).toBe(words);
});

test.each([
  [10_000, 10_400, "now"],
  [0, 12_900, "12 s ago"],
  [240_000, 0, "in 4 min"],
  [0, 3_600_000 * 5, "5 h ago"],
  [0, 86_400_000 * 3, "3 d ago"],
])("%d seen at %d is %s", (at, now, words) => {
  expect(toRelative(at, now)).toBe(words);
});
