import fc from "fast-check";
import { expect, test } from "vitest";
import { fuseRanks } from "./fuse-ranks.ts";

const keys = (lists: readonly (readonly string[])[]) => fuseRanks(lists).map(({ key }) => key);

test("the sum of 1 / (60 + rank) decides", () => {
  const [first, second] = fuseRanks([
    ["a", "b"],
    ["b", "c"],
  ]);
  expect(first).toEqual({ key: "b", score: 1 / 62 + 1 / 61, ranks: [2, 1] });
  expect(second).toEqual({ key: "a", score: 1 / 61, ranks: [1, null] });
});

test("what two lists have in their middle comes before what one has at its top", () => {
  const filler = (name: string) => Array.from({ length: 20 }, (_, at) => `${name}${at}`);
  const [one, other] = [filler("x"), filler("y")];
  expect(
    keys([
      [...one, "both"],
      [...other, "both"],
    ])[0],
  ).toBe("both");
});

test("nothing gives nothing, and one list is itself", () => {
  expect(fuseRanks([])).toEqual([]);
  expect(fuseRanks([[], []])).toEqual([]);
  expect(keys([["c", "a", "b"]])).toEqual(["c", "a", "b"]);
});

test("equals are ordered by their keys, and one that stands twice counts once", () => {
  expect(keys([["b"], ["a"]])).toEqual(["a", "b"]);
  expect(fuseRanks([["a", "a", "b"]]).map(({ ranks }) => ranks)).toEqual([[1], [2]]);
});

test("holds every key once, whatever the order of the lists, and none gets worse by another list", () => {
  const list = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.array(list, { maxLength: 4 }), (lists) => {
      const fused = fuseRanks(lists);
      expect(fused.map(({ key }) => key).toSorted()).toEqual([...new Set(lists.flat())].toSorted());
      const scores = (given: typeof lists) =>
        Object.fromEntries(fuseRanks(given).map(({ key, score }) => [key, score.toFixed(12)]));
      expect(scores(lists.toReversed())).toEqual(scores(lists));
    }),
  );
});
