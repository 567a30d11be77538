import { expect, test } from "vitest";
import { splitWords } from "./split-words.ts";

test.each([
  ["Book the Flight.", ["book", "the", "flight"]],
  ["invoice INV-2291/b", ["invoice", "inv", "2291", "b", "inv2291b"]],
  ["first-party rules", ["first", "party", "rules"]],
  ["Zürich ﬁnds Ｗｉｄｅ letters", ["zürich", "finds", "wide", "letters"]],
  ["", []],
  ["— … !", []],
])("%j", (text, words) => {
  expect(splitWords(text)).toEqual(words);
});

test("what is very long is cut, and no character with it", () => {
  expect(splitWords("a b ".repeat(20_000))).toHaveLength(20_000);
  const [word] = splitWords("𝒳y".repeat(500));
  expect(word!.length).toBeLessThanOrEqual(64);
  expect(splitWords("\u{20000}".repeat(500))[0]!.isWellFormed()).toBe(true);
});

test("of what is joined without an end the first words are taken", () => {
  expect(splitWords("a.".repeat(500_000))).toHaveLength(20_000);
});
