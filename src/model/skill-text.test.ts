import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { estimateTokens, findHidden, showHidden } from "./skill-text.ts";

test.each([
  ["a\u202eb", "a⟦U+202E⟧b", true],
  ["a\u2066b\u2069", "a⟦U+2066⟧b⟦U+2069⟧", true],
  ["a\u{e0041}b", "a⟦U+E0041⟧b", true],
  ["a\u{e0100}b", "a⟦U+E0100⟧b", true],
  ["a\u200bb", "a⟦U+200B⟧b", false],
  ["a\u200db", "a⟦U+200D⟧b", false],
  ["a\ufe0fb", "a⟦U+FE0F⟧b", false],
  ["✅\ufe0f\ufe0f", "✅\ufe0f⟦U+FE0F⟧", false],
  ["a\u001b[2Jb", "a⟦U+001B⟧[2Jb", false],
  ["a\u00adb", "a⟦U+00AD⟧b", false],
])("%j is shown, not obeyed", (text, shown, isTreacherous) => {
  expect(showHidden(text)).toBe(shown);
  expect(findHidden(text)[0]).toMatchObject({ line: 1, isTreacherous });
});

test.each(["plain\ttext\r\n\f", "⚠️ ✅ 1️⃣ 👩‍💻 👍🏽", "Zürich 東京 Москва العربية", "", "⟦U+202E⟧"])(
  "%j hides nothing",
  (text) => {
    expect(showHidden(text)).toBe(text);
    expect(findHidden(text)).toEqual([]);
  },
);

test("places are counted from 1, and of a flood the first few are named, the worst before the rest", () => {
  expect(findHidden("one\ntwo\u200b\n\u202e")).toEqual([
    { code: "U+202E", line: 3, column: 1, isTreacherous: true },
    { code: "U+200B", line: 2, column: 4, isTreacherous: false },
  ]);
  const flood = `${"\u0001".repeat(1_000_000)}\u202e`;
  expect(findHidden(flood, 2).map(({ code }) => code)).toEqual(["U+202E", "U+0001"]);
});

test("what is shown of any text hides nothing, and text without hidden signs is left as it is", () => {
  const texts = fc.string({
    unit: fc.oneof(
      fc.constantFrom("\u200d", "\ufe0f", "✅", "\u202e"),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    ),
  });
  fc.assert(
    fc.property(texts, (text) => {
      const shown = showHidden(text);
      expect(findHidden(shown)).toEqual([]);
      expect(shown === text).toBe(findHidden(text).length === 0);
    }),
    { seed: seed(), numRuns: scaled({ test: 1_000, prove: 50_000 }) },
  );
});

test("the estimate counts bytes, not characters", () => {
  expect([estimateTokens(""), estimateTokens("abcd"), estimateTokens("東京")]).toEqual([0, 1, 2]);
});
