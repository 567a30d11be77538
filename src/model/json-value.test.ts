import { expect, test } from "vitest";
import { z } from "zod";
import { toCanonicalBytes } from "./canonical.ts";
import { jsonObjectSchema, jsonSchema } from "./json-value.ts";
import { fromRecordBytes } from "./record.ts";

test.each([1e20, Number.NaN, "\ud800", [undefined], { a: 1n }, new Date(0)])(
  "%o could not be read back, and is refused",
  (value) => {
    expect(jsonSchema.safeParse(value).success).toBe(false);
    expect(jsonObjectSchema.safeParse({ value }).success).toBe(false);
  },
);

test("JSON is kept whole, and frozen", () => {
  const value: unknown = JSON.parse('{"__proto__":{"a":[1.5,null]},"b":"é"}');
  const kept = jsonSchema.parse(value);
  expect(JSON.stringify(kept)).toBe('{"__proto__":{"a":[1.5,null]},"b":"é"}');
  expect(Object.isFrozen(kept)).toBe(true);
  expect(jsonObjectSchema.safeParse([]).success).toBe(false);
  expect(jsonObjectSchema.safeParse(null).success).toBe(false);
});

test("JSON that is as deep as it may be is read back from a record around it", () => {
  const nest = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));
  const wide = z.strictObject({ inner: z.strictObject({ value: jsonSchema }) });
  const deepest = wide.parse({ inner: { value: nest(120) } });
  expect(fromRecordBytes(wide, toCanonicalBytes(deepest), "a record")).toEqual(deepest);
  for (const depth of [121, 128, 129, 10_000]) {
    expect(jsonSchema.safeParse(nest(depth)).success, `${depth}`).toBe(false);
    expect(jsonObjectSchema.safeParse({ value: nest(depth - 1) }).success).toBe(false);
  }
});
