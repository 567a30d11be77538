import fc from "fast-check";
import { expect, test } from "vitest";
import { seed } from "../../test/scale.ts";
import { rankTexts, type Ranked } from "./rank-texts.ts";

const of = (...texts: readonly string[]): readonly Ranked<string>[] =>
  texts.map((text) => ({ item: text, texts: [[text, 1]] }));

test("what has more of the words, and the rarer ones, comes first", () => {
  const all = of("a cat and a dog", "a dog", "a dog and a house", "a bird and a dog");
  expect(rankTexts("dog", all)[0]).toBe("a dog");
  expect(rankTexts("a cat or a dog", all)[0]).toBe("a cat and a dog");
  expect(rankTexts("bird house dog", all).slice(0, 2).toSorted()).toEqual([
    "a bird and a dog",
    "a dog and a house",
  ]);
});

test("what shares filling words alone is left out", () => {
  const all = of("the flight to Oslo", ...Array.from({ length: 20 }, (_, n) => `the to ${n}0`));
  expect(rankTexts("the flight to", all)).toEqual(["the flight to Oslo"]);
});

test("a text that weighs more counts more", () => {
  const all: readonly Ranked<string>[] = [
    {
      item: "told of",
      texts: [
        ["other", 3],
        ["refund", 1],
      ],
    },
    {
      item: "called",
      texts: [
        ["refund", 3],
        ["other", 1],
      ],
    },
  ];
  expect(rankTexts("refund", all)).toEqual(["called", "told of"]);
});

test.each([
  ["refnud", "refund"],
  ["orders", "order"],
  ["cancel", "cancelled"],
  ["recieve", "receive"],
])("%s finds %s", (asked, there) => {
  expect(rankTexts(asked, of("house", there, "window"))).toEqual([there]);
});

test("the word itself comes before one that is like it, and a short one is found as it is alone", () => {
  expect(rankTexts("order", of("orders", "order"))[0]).toBe("order");
  expect(rankTexts("cat", of("car", "cut", "can"))).toEqual([]);
});

test("of equals, the one that stood first; of nothing, nothing", () => {
  expect(rankTexts("dog", of("dog one", "dog two"))).toEqual(["dog one", "dog two"]);
  for (const query of ["", "?!", "zzzz"]) expect(rankTexts(query, of("dog"))).toEqual([]);
  expect(rankTexts("dog", [])).toEqual([]);
  expect(rankTexts("dog", of("", ""))).toEqual([]);
});

test("each of them once at most, whatever is asked for and whatever there is", () => {
  const word = fc.oneof(fc.constantFrom("order", "orders", "the", "__proto__"), fc.string());
  const texts = fc.uniqueArray(fc.array(word, { maxLength: 5 }).map((words) => words.join(" ")));
  fc.assert(
    fc.property(
      texts,
      fc.array(word).map((words) => words.join(" ")),
      (all, query) => {
        const ranked = rankTexts(query, of(...all));
        expect(new Set(ranked).size).toBe(ranked.length);
        expect(ranked.every((text) => all.includes(text))).toBe(true);
      },
    ),
    { seed: seed(), numRuns: 300 },
  );
});

test("a thousand texts with a thousand words between them are ranked in a moment", () => {
  const all = of(
    ...Array.from({ length: 1_000 }, (_, n) => `tool${n} does thing${n} and other${n}`),
  );
  expect(rankTexts("thign500 and some misspellt wordss othr", all)).toContain(all[500]!.item);
});
