import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { parseStrictJson } from "./strict-json.ts";

const runs = { numRuns: scaled({ test: 1_000, prove: 10_000 }), seed: seed() };
const bytes = (...codes: number[]): Uint8Array => Uint8Array.from(codes);

test.each([
  ['{"a":1,"b":{"c":2,"c":3}}', "/b/c", "the key stands twice"],
  ['{"a":1,"\\u0061":2}', "/a", "the key stands twice"],
  ['{"__proto__":1,"__proto__":2}', "/__proto__", "the key stands twice"],
  ['{"a":["\\ud800"]}', "/a/0", "half of a surrogate pair stands alone"],
  ['{"\\udc00":1}', "", "half of a surrogate pair stands alone"],
  ['{"n":9007199254740993}', "/n", "the whole number is beyond ±9007199254740991"],
  ['{"n":9007199254740992}', "/n", "the whole number is beyond ±9007199254740991"],
  ["-9007199254740992", "", "the whole number is beyond ±9007199254740991"],
  ["1e400", "", "the number loses digits as a double"],
  ["1e-400", "", "the number loses digits as a double"],
  ["0.1000000000000000055511151231257827", "", "the number loses digits as a double"],
  ["[1.0000000000000000001]", "/0", "the number loses digits as a double"],
  ["﻿{}", "", "this is not a value"],
  ['{"a/b":{"~":01}}', "/a~1b", "a comma or a closing bracket is missing"],
  ['{"a":1,}', "", "a key in quotes is missing"],
  ["[1,]", "/1", "this is not a value"],
  ["[1 2]", "", "a comma or a closing bracket is missing"],
  ['{"a" 1}', "/a", "a colon is missing"],
  ['"a\nb"', "", "a control character stands in a string"],
  ['"abc', "", "a string does not end"],
  ['"abc\\', "", "a string does not end"],
  ['"\\x41"', "", "an escape is wrong"],
  ['"\\u12"', "", "an escape is wrong"],
  ["{} {}", "", "more text follows the value"],
  ["", "", "the text ends early"],
  ["NaN", "", "this is not a value"],
  ["+1", "", "this is not a value"],
  [".5", "", "this is not a value"],
  ["tru", "", "this is not a value"],
])("%s is refused at %s", (text, pointer, reason) => {
  expect(parseStrictJson(text)).toMatchObject({ kind: "refused", pointer, reason });
});

test("bytes that are not UTF-8 are refused, as is a byte order mark", () => {
  const overlong = bytes(0x22, 0xc0, 0xaf, 0x22);
  const surrogate = bytes(0x22, 0xed, 0xa0, 0x80, 0x22);
  for (const input of [overlong, surrogate, bytes(0x22, 0xff, 0x22)]) {
    expect(parseStrictJson(input)).toMatchObject({ reason: "the bytes are not UTF-8" });
  }
  expect(parseStrictJson(bytes(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toMatchObject({ kind: "refused" });
});

test("nesting is bounded, and a text that nests without end costs no stack", () => {
  const nest = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  expect(parseStrictJson(nest(128)).kind).toBe("parsed");
  expect(parseStrictJson(nest(129))).toMatchObject({ reason: "it is nested deeper than 128" });
  expect(parseStrictJson("[".repeat(1_000_000)).kind).toBe("refused");
  expect(parseStrictJson('{"a":'.repeat(1_000_000)).kind).toBe("refused");
});

test("numbers that survive are kept, however they are written", () => {
  const texts = ["0", "-0", "1.50", "1e3", "5e-324", "1.7976931348623157e308", "123456789012345.6"];
  for (const text of [...texts, "0.1", "100e-2", "0e999", "-9007199254740991"]) {
    expect(parseStrictJson(text)).toEqual({ kind: "parsed", value: JSON.parse(text) });
  }
});

test("a key named __proto__ is a key like any other", () => {
  const parsed = parseStrictJson('{"__proto__":{"x":1}}');
  if (parsed.kind !== "parsed") throw new Error(parsed.reason);
  expect(Object.keys(parsed.value as object)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(parsed.value)).toBe(Object.prototype);
});

test("what is accepted means what JSON.parse says, in text and in bytes", () => {
  const value = fc.jsonValue({ maxDepth: 6, noUnicodeString: false });
  fc.assert(
    fc.property(value, fc.constantFrom(0, 2, "\t"), (original, indent) => {
      const text = JSON.stringify(original, null, indent);
      const parsed = parseStrictJson(text);
      const unsafe = /-?\d{16,}/.test(text) || !text.isWellFormed() || /\\ud[89a-f]/i.test(text);
      if (parsed.kind === "refused") expect(unsafe, `${parsed.reason}: ${text}`).toBe(true);
      else expect(parsed.value).toEqual(JSON.parse(text));
      expect(parseStrictJson(new TextEncoder().encode(text.toWellFormed())).kind).toBeTypeOf(
        "string",
      );
    }),
    runs,
  );
});

test("spoiled texts are answered, never thrown at", () => {
  const spoiled = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('"', "\\", "{", "}", "[", ",", ":", "9", "e", "\u0000", "\ud800", ""),
    )
    .map(([text, at, piece]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + piece + text.slice(place + 1);
    });
  fc.assert(
    fc.property(spoiled, (text) => {
      const parsed = parseStrictJson(text);
      if (parsed.kind === "parsed") expect(parsed.value).toEqual(JSON.parse(text));
      else expect(parsed.offset).toBeLessThanOrEqual(text.length);
    }),
    runs,
  );
});
