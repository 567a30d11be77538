import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { parseStrictJson } from "../lib/strict-json.ts";
import { toCanonicalBytes, toCanonicalText } from "./canonical.ts";
import { saltLength, toCommitment } from "./commitment.ts";

const runs = { numRuns: scaled({ test: 1_000, prove: 10_000 }), seed: seed() };

/** RFC 8785, appendix B: IEEE 754 bits and what they are written as. */
const numbers: readonly (readonly [string, string])[] = [
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["8000000000000001", "-5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["ffefffffffffffff", "-1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["c340000000000000", "-9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af5", "9.999999999999997e+22"],
  ["44b52d02c7e14af6", "1e+23"],
  ["44b52d02c7e14af7", "1.0000000000000001e+23"],
  ["444b1ae4d6e2ef4e", "999999999999999700000"],
  ["444b1ae4d6e2ef4f", "999999999999999900000"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555553", "333333333.3333332"],
  ["41b3de4355555554", "333333333.33333325"],
  ["41b3de4355555555", "333333333.3333333"],
  ["41b3de4355555556", "333333333.3333334"],
  ["41b3de4355555557", "333333333.33333343"],
  ["becbf647612f3696", "-0.0000033333333333333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
];

test.each(numbers)("the double %s is written %s", (bits, written) => {
  expect(toCanonicalText(Buffer.from(bits, "hex").readDoubleBE())).toBe(written);
});

test("the RFC's main example", () => {
  const parsed = parseStrictJson(
    `{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
      "string":"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}`.replace(
      "333333333.33333329",
      "333333333.3333333",
    ),
  );
  if (parsed.kind !== "parsed") throw new Error(parsed.reason);
  expect(toCanonicalText(parsed.value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
  const inexact = parseStrictJson("333333333.33333329");
  expect(inexact).toMatchObject({ kind: "refused", reason: "the number loses digits as a double" });
});

test("the RFC's sorting example: by UTF-16 code units", () => {
  const value = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    1: "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
  };
  const order = Object.keys(JSON.parse(toCanonicalText({ a: value })).a);
  expect(toCanonicalText(value).match(/"[^"]+":/g)).toEqual(
    ["\\r", "1", "\u0080", "\u00f6", "\u20ac", "\ud83d\ude00", "\ufb33"].map((key) => `"${key}":`),
  );
  expect(order).toHaveLength(7);
});

test("random values: the reference library agrees, and they come back as themselves", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = toCanonicalText(value);
      expect(text).toBe(canonicalize(value));
      expect(toCanonicalText(JSON.parse(text))).toBe(text);
      const parsed = parseStrictJson(toCanonicalBytes(value));
      if (parsed.kind === "parsed") expect(toCanonicalText(parsed.value)).toBe(text);
      // Doubles that are written as whole numbers beyond 2^53, and nothing else.
      else expect(parsed.reason).toBe("the whole number is beyond ±9007199254740991");
    }),
    runs,
  );
});

test.each([
  [{ a: undefined }, "/a"],
  [{ a: [1, Number.NaN] }, "/a/1"],
  [[Number.POSITIVE_INFINITY], "/0"],
  [{ a: 1n }, "/a"],
  [{ a: () => 1 }, "/a"],
  [{ a: new Date(0) }, "/a"],
  [{ a: new Map() }, "/a"],
  [{ a: "\ud800" }, "/a"],
  [Array.from({ length: 2 }).with(0, 1), "/1"],
  // A hole is no value either, and is no null.
  [Object.assign([], { length: 1 }), "/0"],
  [{ a: { "\udc00": 1 } }, "/a/\udc00"],
  [{ "a/b": { "~": Symbol("s") } }, "/a~1b/~0"],
  [{ a: new (class Point {})() }, "/a"],
  [{ a: { toJSON: () => 1 } }, "/a/toJSON"],
  [undefined, ""],
])("a value JSON cannot say is refused at its place", (value, pointer) => {
  expect(() => toCanonicalText(value)).toThrow(
    expect.objectContaining({ code: "payload_invalid", details: { pointer } }),
  );
});

test("what never ends is refused, and what is deep is written", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  expect(() => toCanonicalText(circle)).toThrow(/nested deeper than 129/);
  const deep = "[".repeat(128) + "]".repeat(128);
  expect(toCanonicalText(JSON.parse(deep))).toBe(deep);
});

test("a key named __proto__ and an object without prototype are written", () => {
  expect(toCanonicalText(JSON.parse('{"b":1,"__proto__":{"a":2}}'))).toBe(
    '{"__proto__":{"a":2},"b":1}',
  );
  expect(toCanonicalText(Object.assign(Object.create(null), { a: -0 }))).toBe('{"a":0}');
});

test("a commitment is bound to salt and content, whatever the order of keys", () => {
  const salt = new Uint8Array(saltLength).fill(7);
  const other = new Uint8Array(saltLength).fill(8);
  const commitment = toCommitment(salt, { to: "ada", amount: 5 });
  expect(commitment).toBe(
    "sha256:74207a458da0835f4e07cfaf4d1f28f588258f961b14284e3633e1463ba38f02",
  );
  expect(toCommitment(salt, { amount: 5, to: "ada" })).toBe(commitment);
  expect(toCommitment(salt, { amount: 6, to: "ada" })).not.toBe(commitment);
  expect(toCommitment(other, { amount: 5, to: "ada" })).not.toBe(commitment);
  expect(() => toCommitment(new Uint8Array(4), {})).toThrow("a salt has 32 bytes");
});
