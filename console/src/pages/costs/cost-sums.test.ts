import { expect, test } from "vitest";
import { parseDays, toDayBars, toOutside, toParts } from "./cost-sums.ts";

test("a day on which nothing was spent has its place, and none is made up before the sums begin", () => {
  const days = [
    { day: "2026-03-01", money: "4", tokens: 9 },
    { day: "2026-02-27", money: "1", tokens: 2 },
  ];
  const bars = toDayBars({ since: "2026-02-27", to: "2026-03-01", days });
  expect(bars.map(({ day, money, share }) => [day, money, share])).toEqual([
    ["2026-02-27", "1", 0.25],
    ["2026-02-28", "0", 0],
    ["2026-03-01", "4", 1],
  ]);
  expect(toDayBars({ since: null, to: "2026-03-01", days: [] })).toEqual([]);
  expect(toDayBars({ since: "2026-03-01", to: "2026-03-01", days: [] })[0]!.share).toBe(0);
});

test("what is not listed is the rest, to the last millionth", () => {
  const total = { money: "0.300001", tokens: 30 };
  const named = [
    { name: "a", money: "0.1", tokens: 10 },
    { name: null, money: "0.2", tokens: 20 },
  ];
  const { parts, rest } = toParts(named, total);
  expect(rest).toEqual({ money: "0.000001", tokens: 0 });
  expect(new Set(parts.map(({ key }) => key)).size).toBe(2);
  expect(toParts(named, { money: "0.3", tokens: 30 }).rest).toBeNull();
  expect(toParts([], { money: "0", tokens: 0 })).toEqual({ parts: [], rest: null });
});

test("what runs have not spent was spent outside of them", () => {
  const amounts = { total: { money: "1.1", tokens: 8 }, runs: { money: "1", tokens: 5 } };
  expect(toOutside(amounts)).toEqual({ money: "0.100000", tokens: 3 });
});

test("a range that there is not is the usual one", () => {
  expect([1, "30", "8", undefined, {}].map(parseDays)).toEqual([1, 30, 7, 7, 7]);
});
