import { expect, test } from "vitest";
import { jsonObjectSchema, jsonSchema } from "./json-value.ts";

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
