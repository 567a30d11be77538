import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../lib/strict-json.ts";
import { maxFactKey, parseFactTemplate, toFactKey, toKeyShape } from "./fact-key.ts";

const both = "seat:{/args/flight}:{/args/seat}";
const keyOf = (flight: Json, seat: Json) => toFactKey(both, { args: { flight, seat } });

test("a key is made of text and values, which are encoded", () => {
  expect(keyOf("LH 900", 12)).toBe("seat:LH%20900:12");
  expect(keyOf(true, "a/b")).toBe("seat:true:a%2Fb");
  expect(toFactKey("fare:all", {})).toBe("fare:all");
  expect(toKeyShape(both)).toBe("seat:{}:{}");
});

test("what is no text, number or truth value makes no key", () => {
  for (const value of [null, [], {}, ["a"]]) expect(keyOf(value, "1")).toBeNull();
  expect(toFactKey(both, { args: { flight: "a" } })).toBeNull();
  expect(toFactKey(both, { args: null })).toBeNull();
  // Nothing is inherited.
  expect(toFactKey("a:{/args/constructor}", { args: {} })).toBeNull();
});

test("two pairs of values make one key only if they are the same pair", () => {
  const value = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: fc.constantFrom(":", "{", "}", "/", "=", "%", "a", "\ud800", "\udfff") }),
    fc.constantFrom("a:b", "{/args/seat}", "%3A", "=", "x".repeat(10_240)),
  );
  fc.assert(
    fc.property(value, value, value, value, (flight, seat, flight2, seat2) => {
      const isSame = flight === flight2 && seat === seat2;
      expect(keyOf(flight, seat) === keyOf(flight2, seat2)).toBe(isSame);
    }),
  );
});

test("a value of 10 KB makes a short key of its own, and no value is taken for a digest", () => {
  const long = keyOf("x".repeat(10_240), "1")!;
  expect(long).toMatch(/^seat:=[0-9a-f]{64}:1$/);
  const digest = long.slice("seat:".length, -":1".length);
  expect(keyOf(digest, "1")).not.toBe(long);
  expect(keyOf("\ud800".repeat(200), "1")).not.toBe(keyOf("\udfff".repeat(200), "1"));
  expect(long.length).toBeLessThan(maxFactKey);
});

test("signs that encoding leaves as they are do not move from one value to the next", () => {
  for (const between of ["", "-", "_", ".", "~", "*", "!", "(", "x", "7"]) {
    const text = `seat:{/args/flight}${between}{/args/seat}`;
    expect(parseFactTemplate(text, ["args"]), text).toHaveProperty("problem");
  }
  for (const between of [":", "/", "-/-", "@", ","]) {
    const text = `seat:{/args/flight}${between}{/args/seat}`;
    const of = (flight: string, seat: string) => toFactKey(text, { args: { flight, seat } });
    expect(of(`1${between}2`, "3")).not.toBe(of("1", `2${between}3`));
    expect(of("1-", "3")).not.toBe(of("1", "-3"));
  }
});

test("a number that stands for several makes no key", () => {
  expect(keyOf(Number.MAX_SAFE_INTEGER, 1)).toBe("seat:9007199254740991:1");
  const [two, three] = JSON.parse("[9007199254740992, 9007199254740993]") as [number, number];
  expect(two).toBe(three);
  expect(keyOf(two, 1)).toBeNull();
});

test.each([
  ["fare:a=b", "takes no = or %"],
  ["fare:%2D", "takes no = or %"],
  ["fare", "begins with a kind and a colon"],
  ["{/args/a}", "begins with a kind and a colon"],
  ["__proto__:x", "begins with a kind and a colon"],
  ["fare:{/args/a", "has a brace without its pair"],
  ["fare:{{/args/a}}", "has a brace without its pair"],
  ["fare:a b", "printable ASCII"],
  ["fare:{/result/a}", "begins with /args"],
  ["fare:{args}", "begins with /args"],
  [`fare:${"{/args/a}:".repeat(9)}`, "at most 8 placeholders"],
])("%s is no template", (text, problem) => {
  expect(parseFactTemplate(text, ["args"])).toMatchObject({
    problem: expect.stringContaining(problem) as unknown,
  });
});
