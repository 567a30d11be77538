import fc from "fast-check";
import { expect, test } from "vitest";
import { seed } from "../../test/scale.ts";
import { diffJson } from "./diff-json.ts";
import { toJsonLines } from "./json-lines.ts";
import type { Json } from "./strict-json.ts";

const said = (before: Json, after: Json) =>
  diffJson(before, after).list.map(({ kind, pointer }) => `${kind} ${pointer}`);

test("says what came, what went and what became another, in order", () => {
  const before = { to: "ada", amount: 5, tags: ["a", "b"], "a/b~c": 1, gone: null };
  const after = { to: "bob", amount: 5, tags: ["a", "c", "d"], "a/b~c": 2, added: {} };
  expect(said(before, after)).toEqual([
    "changed /a~1b~0c",
    "added /added",
    "removed /gone",
    "changed /tags/1",
    "added /tags/2",
    "changed /to",
  ]);
  expect(diffJson(before, after).list.at(-1)).toEqual({
    pointer: "/to",
    kind: "changed",
    before: "ada",
    after: "bob",
  });
});

test("tells kinds of values apart, and members from what every object has", () => {
  expect(said({ a: 1 }, { a: "1" })).toEqual(["changed /a"]);
  expect(said({ a: [] }, { a: {} })).toEqual(["changed /a"]);
  expect(said({ a: null }, {})).toEqual(["removed /a"]);
  expect(said({}, { toString: 1 })).toEqual(["added /toString"]);
  expect(said(JSON.parse('{"__proto__":{"x":1}}') as Json, {})).toEqual(["removed /__proto__"]);
  expect(said("a", "b")).toEqual(["changed "]);
});

test("stops at its bound and says so, and at no depth", () => {
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`k${n}`, n]));
  const { list, more } = diffJson({}, many);
  expect({ length: list.length, more }).toEqual({ length: 1_000, more: true });
  expect(diffJson({}, { a: 1 }, 1).more).toBe(false);
  const nest = (leaf: Json) => {
    let value = leaf;
    for (let depth = 0; depth < 50_000; depth += 1) value = [value];
    return value;
  };
  expect(diffJson(nest(1), nest(2)).list).toHaveLength(1);
  expect(toJsonLines(nest(1))).toHaveLength(100_001);
});

test("no value differs from itself, and each difference is found again from the other side", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(diffJson(a as Json, structuredClone(a) as Json).list).toEqual([]);
      const turned = { added: "removed", removed: "added", changed: "changed" } as const;
      const there = diffJson(a as Json, b as Json).list;
      const back = diffJson(b as Json, a as Json).list;
      expect(back.map(({ pointer, kind }) => [pointer, turned[kind]])).toEqual(
        there.map(({ pointer, kind }) => [pointer, kind]),
      );
    }),
    { seed: seed() },
  );
});

test("lines are the value, and nothing else", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const lines = toJsonLines(value as Json);
      expect(JSON.parse(lines.map(({ text }) => text).join("\n"))).toEqual(
        JSON.parse(JSON.stringify(value)),
      );
    }),
    { seed: seed() },
  );
  expect(toJsonLines({ a: [1, {}], b: "x\ny" })).toEqual([
    { depth: 0, text: "{" },
    { depth: 1, text: '"a": [' },
    { depth: 2, text: "1," },
    { depth: 2, text: "{}" },
    { depth: 1, text: "]," },
    { depth: 1, text: '"b": "x\\ny"' },
    { depth: 0, text: "}" },
  ]);
});
