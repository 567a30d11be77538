import { expect, test } from "vitest";
import { Breaks } from "./breaks.ts";

const minute = 60_000;

test("a batch is given up after an hour and ten tries of nothing else, not before", () => {
  const breaks = new Breaks();
  const seen = Array.from({ length: 13 }, (_, at) => breaks.isOver("a", at * 6 * minute));
  expect(seen.indexOf(true)).toBe(10);
  const rare = new Breaks();
  expect([0, 40, 80, 120].some((at) => rare.isOver("a", at * minute))).toBe(false);
});

test("another batch, and one that was taken or put off, begin anew", () => {
  const breaks = new Breaks();
  const breakFor = (first: string, fromMs: number) =>
    Array.from({ length: 11 }, (_, at) => breaks.isOver(first, fromMs + at * 6 * minute)).at(-1);
  expect(breakFor("a", 0)).toBe(true);
  expect(breaks.isOver("b", 61 * minute)).toBe(false);
  expect(breakFor("b", 61 * minute)).toBe(true);
  breaks.forget();
  expect(breaks.isOver("b", 200 * minute)).toBe(false);
});
