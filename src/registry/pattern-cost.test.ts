import { expect, test } from "vitest";
import { weighPattern } from "./pattern-cost.ts";

test.each([
  "^(a+)+$",
  "^((a+))+$",
  "^(?:a|a)*$",
  "^(a?a)*$",
  "^(?:a{1,9}){1,9}$",
  "^(?<x>a*)*$",
  "(a)\\1",
  "^(?<x>a)\\k<x>$",
  `^${"a*".repeat(8)}b$`,
  "x".repeat(600),
])("%s is not tried at all", (pattern) => {
  expect(weighPattern(pattern)).toEqual({ kind: "unbounded" });
});

test.each([
  ["^[a-z]+$", 1_000_000],
  ["^\\d{3}-\\d{4}$", 1_000_000],
  ["^(?:abc){2,5}$", 1_000_000],
  ["^(?:-[0-9]+)?$", 1_000_000],
  ["^[(*+]+$", 1_000_000],
  ["^a\\*\\+\\(b$", 1_000_000],
  ["^[^@]+@[^@]+\\.[^@]+$", 200],
  ["[a-z]+", 3_000],
  ["^{a}$", 1_000_000],
])("%s is tried on texts of %d characters", (pattern, length) => {
  const cost = weighPattern(pattern);
  expect(cost.kind === "bounded" && cost.maxLength >= length).toBe(true);
});

test("what may be tried ends soon, on the text that is worst for it", () => {
  for (const count of [1, 2, 3, 4, 5, 6]) {
    const pattern = `^${"a*".repeat(count)}b$`;
    const cost = weighPattern(pattern);
    if (cost.kind === "unbounded") throw new Error(pattern);
    const text = "a".repeat(Math.min(cost.maxLength, 1_000_000));
    const startedMs = performance.now();
    expect(new RegExp(pattern, "u").test(text)).toBe(false);
    // Far more than it takes: without the bound it would be minutes.
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  }
});
