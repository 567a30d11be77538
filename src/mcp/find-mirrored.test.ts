import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import type { Json } from "../lib/strict-json.ts";
import { findMirrored } from "./find-mirrored.ts";
import { mirrorParams, valueAt } from "./mirrored.ts";

const mirrored = (header: Json, type: Json = "string"): Json => ({ type, "x-mcp-header": header });
const object = (properties: Json): Json => ({ type: "object", properties });

test("arguments that a schema wants in headers are found, however deep they stand", () => {
  const schema = object({
    tenant: mirrored("Tenant"),
    plain: { type: "string" },
    filter: object({ "a/b~c": object({ count: mirrored("Count", "integer") }) }),
    // Parameters may be called as keywords are.
    properties: object({ properties: mirrored("Odd", "boolean") }),
  });
  const found = findMirrored(schema);
  if (typeof found === "string") throw new Error(found);
  expect(found).toEqual([
    { header: "tenant", path: ["tenant"] },
    { header: "count", path: ["filter", "a/b~c", "count"] },
    { header: "odd", path: ["properties", "properties"] },
  ]);
  const args = {
    tenant: "acme",
    filter: { "a/b~c": { count: 7 } },
    properties: { properties: false },
  };
  expect(mirrorParams(found, args)).toEqual({ tenant: "acme", count: "7", odd: "false" });
});

test("a parameter that is called x-mcp-header is a parameter", () => {
  expect(findMirrored(object({ "x-mcp-header": { type: "string" } }))).toEqual([]);
  expect(findMirrored(object({ "x-mcp-header": mirrored("Name") }))).toEqual([
    { header: "name", path: ["x-mcp-header"] },
  ]);
});

const one = mirrored("One");
/** A tool is not offered when its mirrored arguments cannot be told for sure. */
const refused: readonly (readonly [string, Json, RegExp])[] = [
  ["on the arguments themselves", { type: "object", "x-mcp-header": "One" }, /no argument is sure/],
  ["in items", object({ list: { type: "array", items: one } }), /no argument is sure/],
  ["in one of several", object({ a: { oneOf: [one, { type: "null" }] } }), /no argument is sure/],
  ["in a branch of the whole", { allOf: [object({ a: one })] }, /no argument is sure/],
  ["under a condition", { if: {}, else: object({ a: one }) }, /no argument is sure/],
  ["in a definition", { $defs: { a: one }, ...(object({}) as object) }, /no argument is sure/],
  ["on any further property", { type: "object", additionalProperties: one }, /no argument is sure/],
  ["by pattern", { type: "object", patternProperties: { "^a": one } }, /no argument is sure/],
  ["on an object", object({ a: mirrored("One", "object") }), /no string, integer or boolean/],
  ["on a list", object({ a: mirrored("One", "array") }), /no string, integer or boolean/],
  ["on a fraction", object({ a: mirrored("One", "number") }), /no string, integer or boolean/],
  ["on one type or another", object({ a: mirrored("One", ["string", "null"]) }), /no string/],
  ["on no type", object({ a: { "x-mcp-header": "One" } }), /no string, integer or boolean/],
  ["twice", object({ a: one, b: one }), /stands twice/],
  ["twice in other letters", object({ a: one, b: object({ c: mirrored("oNE") }) }), /twice/],
];
test.each(refused)("a header %s refuses the tool", (_, schema, why) => {
  expect(findMirrored(schema)).toMatch(why);
});

test.each([
  [""],
  ["a b"],
  ["a:b"],
  ["a\r\nb: c"],
  ["é"],
  ["x".repeat(129)],
  [7],
  [null],
  [["One"]],
])("%j is no header name", (header) => {
  expect(findMirrored(object({ a: mirrored(header) }))).toMatch(/not a header name/);
});

test("one that is refused refuses the tool, whatever else it wants", () => {
  const good = object({ a: mirrored("A"), b: { anyOf: [one] }, c: mirrored("C") });
  expect(typeof findMirrored(good)).toBe("string");
});

test("whatever stands for a schema, what is found leads to an argument and is named once", () => {
  const name = fc.constantFrom("a", "b", "properties", "x-mcp-header", "__proto__");
  const { schema } = fc.letrec<{ schema: Json }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.record({
        type: fc.constantFrom("string", "integer", "object"),
        "x-mcp-header": fc.constantFrom("A", "b", "C-1", "d"),
      }) as fc.Arbitrary<Json>,
      fc.dictionary(name, tie("schema"), { noNullPrototype: true }).map(object),
    ),
  }));
  fc.assert(
    fc.property(schema, (given) => {
      const found = findMirrored(given);
      if (typeof found === "string") return;
      for (const { path } of found) {
        const steps = path.flatMap((step) => ["properties", step]);
        expect(valueAt(given, steps)).toMatchObject({ "x-mcp-header": expect.any(String) });
      }
      expect(new Set(found.map(({ header }) => header)).size).toBe(found.length);
      // Everything that wants a header was either found or refused.
      const wanted = JSON.stringify(given).match(/"x-mcp-header":"/g) ?? [];
      expect(found).toHaveLength(wanted.length);
    }),
    { seed: seed(), numRuns: scaled({ test: 1_000, prove: 20_000 }) },
  );
});
