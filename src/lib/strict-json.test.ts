import { isDeepStrictEqual } from "node:util";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { parseStrictJson } from "./strict-json.ts";

const runs = { numRuns: scaled({ test: 1_000, prove: 10_000 }), seed: seed() };
const encoder = new TextEncoder();

test.each([
  ['{"a":1,"b":{"c":2,"c":3}}', "/b/c", "the key stands twice"],
  ['{"a":1,"\\u0061":2}', "/a", "the key stands twice"],
  ['{"__proto__":1,"__proto__":2}', "/__proto__", "the key stands twice"],
  ['{"a":["\\ud800"]}', "/a/0", "half of a surrogate pair stands alone"],
  // Not an escape: the text itself holds half a pair.
  ['{"a":"b\udc00"}', "/a", "half of a surrogate pair stands alone"],
  ['{"\\udc00":1}', "", "half of a surrogate pair stands alone"],
  ['{"n":9007199254740993}', "/n", "the whole number is beyond ±9007199254740991"],
  ['{"n":9007199254740992}', "/n", "the whole number is beyond ±9007199254740991"],
  ["-9007199254740992", "", "the whole number is beyond ±9007199254740991"],
  ["-1e400", "", "the number is larger than a double holds"],
  ['{"a":[1,1e400]}', "/a/1", "the number is larger than a double holds"],
  ["1e20", "", "the whole number is beyond ±9007199254740991"],
  ["100000000000000000000.0", "", "the whole number is beyond ±9007199254740991"],
  ["0.10000000000000001", "", "the number loses digits as a double"],
  ["1e-400", "", "the number loses digits as a double"],
  ["0.1000000000000000055511151231257827", "", "the number loses digits as a double"],
  ["[1.0000000000000000001]", "/0", "the number loses digits as a double"],
  ["\ufeff{}", "", "a byte order mark stands first"],
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
  ['"\u001f"', "", "a control character stands in a string"],
  // White space elsewhere, not in JSON.
  ["[\u000b1]", "/0", "this is not a value"],
  ["[\u00a01]", "/0", "this is not a value"],
  ["1\u2028", "", "more text follows the value"],
])("I2: %j is refused at %j", (text, pointer, reason) => {
  expect(parseStrictJson(text)).toMatchObject({ kind: "refused", pointer, reason });
});

test.each([
  ["an overlong form", [0xc0, 0xaf], 0],
  ["a surrogate", [0xed, 0xa0, 0x80], 1],
  ["no UTF-8 at all", [0xff], 0],
  ["half a character", [0xe2, 0x82], 2],
])("I2: %s is refused at the byte that cannot stand there", (_what, wrong, at) => {
  const before = encoder.encode('{"é":[1,"ab');
  const input = Uint8Array.from([...before, ...wrong, ...encoder.encode('"]}')]);
  expect(parseStrictJson(input)).toEqual({
    kind: "refused",
    reason: "the bytes are not UTF-8",
    pointer: "/é/1",
    offset: before.length + at,
  });
});

test("the offset counts bytes of bytes and characters of text", () => {
  const text = '{"é":1,"é":2}';
  expect(parseStrictJson(text)).toMatchObject({ pointer: "/é", offset: 7 });
  expect(parseStrictJson(encoder.encode(text))).toMatchObject({ pointer: "/é", offset: 8 });
  const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d);
  expect(parseStrictJson(marked)).toMatchObject({ reason: "a byte order mark stands first" });
});

test("nesting is bounded, and a text that nests without end costs no stack", () => {
  const nest = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  expect(parseStrictJson(nest(128)).kind).toBe("parsed");
  expect(parseStrictJson(nest(129))).toMatchObject({ reason: "it is nested deeper than 128" });
  expect(parseStrictJson("[".repeat(1_000_000)).kind).toBe("refused");
  expect(parseStrictJson('{"a":'.repeat(1_000_000)).kind).toBe("refused");
});

test("numbers that survive are kept, however they are written", () => {
  const texts = [
    "6.02214076e23",
    "1E30",
    "1e21",
    "0",
    "-0",
    "1.50",
    "1e3",
    "5e-324",
    "1.7976931348623157e308",
    "123456789012345.6",
  ];
  for (const text of [...texts, "0.1", "100e-2", "0e999", "-9007199254740991"]) {
    expect(parseStrictJson(text)).toEqual({
      kind: "parsed",
      marked: null,
      value: JSON.parse(text),
    });
  }
});

test("a key named __proto__ is a key like any other", () => {
  const parsed = parseStrictJson('{"__proto__":{"x":1}}');
  if (parsed.kind !== "parsed") throw new Error(parsed.reason);
  expect(Object.keys(parsed.value as object)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(parsed.value)).toBe(Object.prototype);
});

test("digits without end cost linear time", () => {
  const digits = `0.1${"0".repeat(1_000_000)}1`;
  expect(parseStrictJson(digits)).toMatchObject({ reason: "the number loses digits as a double" });
});

test("I2: what is accepted means what JSON.parse says, in text and in bytes", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 2, "\t"), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      for (const input of [text, encoder.encode(text)]) {
        const parsed = parseStrictJson(input);
        if (parsed.kind === "parsed") expect(meansTheSame(parsed.value, text), text).toBe(true);
        // Whatever is written from doubles and whole characters loses nothing.
        else expect(parsed.reason, text).toBe("the whole number is beyond ±9007199254740991");
      }
    }),
    runs,
  );
});

/**
 * What `JSON.parse` says of a key with an escape can depend on the keys that it read before
 * (nodejs/node#63785), so where the two differ it is asked again in a context that has read nothing.
 */
function meansTheSame(value: unknown, text: string): boolean {
  if (isDeepStrictEqual(value, JSON.parse(text))) return true;
  return runInNewContext("JSON.stringify(JSON.parse(text))", { text }) === JSON.stringify(value);
}

test("a key means the same whatever was read before, unlike with JSON.parse", () => {
  JSON.parse('{"h":[],"\\\\":0}');
  const parsed = parseStrictJson('{"h":1,"\\"":2}');
  expect(parsed.kind === "parsed" && Object.keys(parsed.value as object)).toEqual(["h", '"']);
});

test("a double that is written in digits is accepted exactly where it survives", () => {
  const digits = fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(25));
  fc.assert(
    fc.property(digits, ([value, count]) => {
      const literal = value.toExponential(count);
      const parsed = parseStrictJson(literal);
      const read = Number(literal);
      const isUnsafe =
        Number.isInteger(read) && !Number.isSafeInteger(read) && Math.abs(read) < 1e21;
      // Decimals as exact fractions over a power of ten, by another way than the parser's.
      const survives = Number.isFinite(read) && toExact(literal) === toExact(String(read));
      expect(parsed.kind, literal).toBe(survives && !isUnsafe ? "parsed" : "refused");
    }),
    runs,
  );
});

/** The decimal as a whole number of 10^-1100. */
function toExact(literal: string): bigint {
  const [mantissa = "", exponent = "0"] = literal.split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return BigInt(whole + fraction) * 10n ** BigInt(1_100 + Number(exponent) - fraction.length);
}

test("spoiled texts are answered, never thrown at", () => {
  const spoiled = fc
    .tuple(
      fc.json({ maxDepth: 4 }),
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
      if (parsed.kind === "parsed") expect(meansTheSame(parsed.value, text), text).toBe(true);
      else expect(parsed.offset).toBeLessThanOrEqual(text.length);
    }),
    runs,
  );
});
