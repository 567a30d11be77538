import { expect, test } from "vitest";
import { toMatch } from "./to-match.ts";

test.for([
  ["gpt-5", "gpt-5", true],
  ["gpt-5", "gpt-51", false],
  ["gpt.5", "gpt-5", false],
  ["*", "", true],
  ["gpt-*", "gpt-", true],
  ["*-mini", "gpt-mini", true],
  ["a*a", "a", false],
  ["a*a", "aa", true],
  ["a*b*c", "a-b-b-c", true],
  ["a*b*c", "a-c-b", false],
  ["**", "any\nname", true],
] as const)("%s and %s: %s", ([pattern, name, isMatch]) => {
  expect(toMatch(["none", pattern])(name)).toBe(isMatch);
});

test("a pattern of many stars is no search through all ways", () => {
  expect(toMatch(["*a*a*a*a*a*a*a*a*b"])("a".repeat(10_000))).toBe(false);
});
