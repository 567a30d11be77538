import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { toAsciiLike } from "./confusables.ts";
import { toInertSegments, toPlainInert } from "./inert-text.ts";

const marksOf = (text: string) =>
  toInertSegments(text).flatMap(({ mark, name }) => (name === null ? [] : [`${mark}: ${name}`]));

test("ordinary text of any language stays as it is", () => {
  const texts = [
    "Pay 5 € to Zürich, naïve “quotes” – and m², 5µs, 😀",
    "привет мир",
    "λόγος",
    "中文，时间：10点",
    "Tシャツ呼び出しAPI",
    "한국어 2026",
    "Việt Nam Vie\u0323\u0302t",
    "हिन्दी ภาษาไทย",
    "",
  ];
  for (const text of texts) expect(toPlainInert(text)).toBe(text);
});

test.each([
  ["pay\u200bpal", "pay⟦U+200B ZERO WIDTH SPACE⟧pal"],
  ["a\u200b\u200b\u200bb", "a⟦U+200B ZERO WIDTH SPACE ×3⟧b"],
  ["\u202emoc.live", "⟦U+202E RIGHT-TO-LEFT OVERRIDE⟧moc.live"],
  ["a\u2067b\u2069", "a⟦U+2067 RIGHT-TO-LEFT ISOLATE⟧b⟦U+2069 POP DIRECTIONAL ISOLATE⟧"],
  ["so\u00adft", "so⟦U+00AD SOFT HYPHEN⟧ft"],
  ["\u{e0041}\u{e007f}", "⟦U+E0041 TAG A⟧⟦U+E007F TAG⟧"],
  ["\u2764\ufe0f", "❤⟦U+FE0F VARIATION SELECTOR-16⟧"],
  ["\u{e0100}", "⟦U+E0100 VARIATION SELECTOR-17⟧"],
  [
    "\ufff9a\ufffb",
    "⟦U+FFF9 INTERLINEAR ANNOTATION ANCHOR⟧a⟦U+FFFB INTERLINEAR ANNOTATION TERMINATOR⟧",
  ],
  ["a\u2063b", "a⟦U+2063 INVISIBLE SEPARATOR⟧b"],
  ["\u3164", "⟦U+3164 HANGUL FILLER⟧"],
  ["\ue000", "⟦U+E000 PRIVATE USE⟧"],
  ["\u0378", "⟦U+0378 UNASSIGNED⟧"],
  ["a\ud800", "a⟦U+D800 LONE SURROGATE⟧"],
  ["a\u00a0b\u3000c", "a⟦U+00A0 NO-BREAK SPACE⟧b⟦U+3000 IDEOGRAPHIC SPACE⟧c"],
  ["a\u0336b", "a⟦U+0336 OVERLAY⟧b"],
  ["\u0301x", "⟦U+0301 COMBINING MARK⟧x"],
  [`a${"\u0301".repeat(9)}`, `a${"\u0301".repeat(4)}⟦U+0301 COMBINING MARK ×5⟧`],
  ["\u001b[31m", "⟦U+001B ESCAPE⟧[31m"],
  ["\u009b31m", "⟦U+009B CONTROL SEQUENCE INTRODUCER⟧31m"],
  ["a\tb\r\n", "a⟦U+0009 TAB⟧b⟦U+000D CARRIAGE RETURN⟧⟦U+000A LINE FEED⟧"],
])("%j is shown as %s", (text, shown) => {
  expect(toPlainInert(text)).toBe(shown);
});

test.each([
  ["p\u0430ypal.com", "lookalike: U+0430 CYRILLIC, LIKE a"],
  ["\u0430\u0440\u0440\u04cf\u0435.com", "lookalike: 5 LETTERS CYRILLIC, LIKE apple"],
  ["\u03bfpen", "lookalike: U+03BF GREEK, LIKE o"],
  ["\u0578ews", "lookalike: U+0578 ARMENIAN, LIKE n"],
  ["\uff45vil", "lookalike: U+FF45 LATIN, LIKE e"],
  ["\u{1d41e}", "lookalike: U+1D41E, LIKE e"],
  ["\u212aB", "lookalike: U+212A LATIN, LIKE K"],
  ["bank.com\u2215x", "lookalike: U+2215, LIKE /"],
  ["1\u0660", "lookalike: U+0660 ARABIC"],
  ["go\u0436gle", "lookalike: U+0436 CYRILLIC"],
])("%j looks like something else", (text, mark) => {
  expect(marksOf(text)).toEqual([mark]);
});

test("a mark cannot be written by hand", () => {
  expect(toPlainInert("⟦U+202E⟧")).toBe(
    "⟦U+27E6 BRACKET OF A MARK⟧U+202E⟦U+27E7 BRACKET OF A MARK⟧",
  );
});

test("letters that are read from the right are set apart, so that nothing around them moves", () => {
  const segments = toInertSegments("https://a.example/שלום עולם/1");
  expect(segments).toEqual([
    { text: "https://a.example/", mark: null, name: null },
    { text: "שלום עולם", mark: "direction", name: null },
    { text: "/1", mark: null, name: null },
  ]);
});

test("in JSON, what follows a backslash is no letter of the word beside it", () => {
  const shown = (value: unknown) =>
    toInertSegments(JSON.stringify(value), { escapes: true })
      .map(({ text }) => text)
      .join("");
  expect(shown("раз\nпривет\t\\привет")).toBe(String.raw`"раз\nпривет\t\\привет"`);
  expect(shown("\u0000привет\ud800")).toBe(String.raw`"\u0000привет\ud800"`);
  expect(toInertSegments("\\", { escapes: true })).toHaveLength(1);
  expect(toInertSegments("\u{430}\\", { escapes: true }).at(-1)!.text).toBe("\\");
  expect(toPlainInert("\\\u202e", { escapes: true })).toBe("\\⟦U+202E RIGHT-TO-LEFT OVERRIDE⟧");
});

test("line breaks are kept where that is asked for, and nothing else of their kind", () => {
  expect(toPlainInert("a\nb\r\u2028", { lines: true })).toBe(
    "a\nb⟦U+000D CARRIAGE RETURN⟧⟦U+2028 LINE SEPARATOR⟧",
  );
});

/** Everything that no font draws, or that draws something else in the place of what is read. */
const invisible =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u;

test("nothing invisible is left of any code point there is", () => {
  let checked = 0;
  for (let code = 0; code <= 0x10_ffff; code += scaled({ test: 7, prove: 1 })) {
    const letter = String.fromCodePoint(code);
    const shown = toPlainInert(`a${letter}1`);
    if (invisible.test(shown)) expect.fail(`U+${code.toString(16)} is left in ${shown}`);
    if (invisible.test(letter)) checked += Number(shown.includes("⟦U+"));
  }
  expect(checked).toBeGreaterThan(100_000);
});

test("no text shows what another one shows, and what is shown again shows marks for its brackets", () => {
  const pieces = fc.constantFrom(
    ...Array.from("ab1 .⟦⟧×\u200b\u202e\u0430\u03bf\u0301\uff45\ud800\n"),
  );
  const texts = fc.string({ unit: pieces, maxLength: 12 });
  const shown = new Map<string, string>();
  fc.assert(
    fc.property(texts, (text) => {
      const now = toPlainInert(text);
      expect(shown.get(now) ?? text).toBe(text);
      shown.set(now, text);
    }),
    { seed: seed(), numRuns: scaled({ test: 3_000, prove: 100_000 }) },
  );
});

test("every listed look-alike is no ASCII itself", () => {
  const listed = "\u0430\u03bf\u0585\ua4f3\u13aa\uff21\u{1d7ce}";
  expect(Array.from(listed, toAsciiLike).join("")).toBe("aooOAA0");
  expect(Array.from("Za0/", toAsciiLike)).toEqual([null, null, null, null]);
});

test("hostile text of the largest kind takes little time", () => {
  const texts = ["a\u0430", "a\u200b", "\u202e", "e\u0301", "שa", "\ud800a"];
  for (const text of texts) {
    const segments = toInertSegments(text.repeat(50_000));
    expect(segments.length).toBeLessThanOrEqual(100_000);
    expect(segments.length).toBeGreaterThan(0);
  }
});
