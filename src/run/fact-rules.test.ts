import { expect, test } from "vitest";
import type { FactRule } from "../model/config-facts.ts";
import { deriveFacts, toFreshMs } from "./fact-rules.ts";

const fresh = 60_000;
const each = "/result/structuredContent/flights";
const fare: FactRule = { key: "fare:{/item/id}", each, value: "/item/price", fresh };
const toText = (structuredContent: object, more: object = {}) =>
  JSON.stringify({ content: [], structuredContent, ...more });
const flights = (...prices: readonly (readonly [unknown, unknown])[]) =>
  toText({ flights: prices.map(([id, price]) => ({ id, price })) });

test("each item of a list is a fact, and what has no key or no value is none", () => {
  const text = flights(["A", 1], [2, null], [null, 3], ["B", undefined], [["C"], 4]);
  expect(deriveFacts([fare], {}, text)).toEqual([
    { key: "fare:A", value: 1 },
    { key: "fare:2", value: null },
  ]);
});

test("one thing of which two values are said is both: no argument is the same as that", () => {
  expect(deriveFacts([fare], {}, flights(["A", 1], ["A", 2], ["A", 1]))).toEqual([
    { key: "fare:A", value: [1, 2] },
  ]);
  const other: FactRule = { ...fare, value: "/item/id" };
  expect(deriveFacts([fare, { ...fare, fresh: 1_000 }, other], {}, flights(["A", 1]))).toEqual([
    { key: "fare:A", value: [1, "A"] },
  ]);
});

test("an item that is nothing says nothing, and not all of the result", () => {
  const all: FactRule = { key: "fare:all", each, fresh };
  expect(deriveFacts([all], {}, toText({ flights: [null] }))).toEqual([
    { key: "fare:all", value: null },
  ]);
});

test("a value that all items share is read through once, and noted of no more than fit", () => {
  const all: FactRule = { ...fare, value: "/result/structuredContent" };
  const text = toText({
    flights: Array.from({ length: 1_000 }, (_, id) => ({ id, is: "x".repeat(1_000) })),
  });
  const sinceMs = performance.now();
  const said = deriveFacts([all], {}, text);
  expect(said.length).toBeGreaterThan(1);
  expect(said.length).toBeLessThan(10);
  expect(performance.now() - sinceMs).toBeLessThan(1_000);
});

test("without `value` it is the whole item, or all of the result but what stands beside it", () => {
  const { value: _, ...item } = fare;
  expect(deriveFacts([item], {}, flights(["A", 1]))).toEqual([
    { key: "fare:A", value: { id: "A", price: 1 } },
  ]);
  const whole = { key: "seat:{/args/flight}", fresh };
  const text = toText({ free: 3 }, { _meta: { at: "now" } });
  expect(deriveFacts([whole], { flight: "A" }, text)).toEqual([
    { key: "seat:A", value: { content: [], structuredContent: { free: 3 } } },
  ]);
});

test("of a result at most 64 facts are noted, and of a list at most 1,000 items looked at", () => {
  const many = Array.from({ length: 2_000 }, (_, index) => [index, index] as const);
  const facts = deriveFacts([fare], {}, flights(...many));
  expect([facts.length, facts.at(-1)]).toEqual([64, { key: "fare:63", value: 63 }]);
  const last: FactRule = { ...fare, key: "last:{/item/price}", value: "/item/id" };
  const same = Array.from({ length: 1_001 }, (_, index) => [index < 1_000 ? 1 : 2, "x"] as const);
  expect(deriveFacts([last], {}, flights(...same))).toEqual([{ key: "last:x", value: 1 }]);
});

test("an answer of more than 2 MiB says nothing of anything", () => {
  const toLong = (length: number) =>
    toText({ flights: [{ id: "A", price: 1 }] }, { pad: "x".repeat(length) });
  expect(deriveFacts([fare], {}, toLong(2_000_000))).toHaveLength(1);
  expect(deriveFacts([fare], {}, toLong(2_097_152))).toEqual([]);
});

test.each(["", "The server is away.", "{", "[]", '{"structuredContent":{"flights":{"id":1}}}'])(
  "an answer of %j says nothing of anything",
  (text) => {
    expect(deriveFacts([fare], {}, text)).toEqual([]);
  },
);

test("a fact is believed for as long as the strictest says, and without any rule not at all", () => {
  const need = { fact: "fare:{/args/flight}" };
  const other: FactRule = { key: "seat:{/item/id}", each, fresh: 1_000 };
  expect(toFreshMs([fare, other], need)).toBe(60_000);
  expect(toFreshMs([fare, { ...fare, fresh: 5_000 }], need)).toBe(5_000);
  expect(toFreshMs([fare], { ...need, fresh: 30_000 })).toBe(30_000);
  expect(toFreshMs([fare], { ...need, fresh: 90_000 })).toBe(60_000);
  expect(toFreshMs([other], need)).toBe(1_000);
  expect(toFreshMs([], { ...need, fresh: 30_000 })).toBe(0);
});
