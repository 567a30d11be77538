import fc from "fast-check";
import { expect, test } from "vitest";
import { isContainer, parsePointer, readJsonExact, writeJsonExact } from "./exact-json.ts";

test("every number is written as it was read, and all the rest as JSON says it", () => {
  const text = '{"a":12345678901234567890,"b":[1.10,-0,1e400,1E+2],"c":"é","":{"__proto__":3}}';
  expect(writeJsonExact(readJsonExact(text))).toBe(text);
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(JSON.parse(writeJsonExact(readJsonExact(json)))).toEqual(JSON.parse(json));
    }),
  );
});

test("a number that is kept as text is no container", () => {
  const { n } = readJsonExact('{"n":1.0}') as { n: unknown };
  expect([isContainer(n), isContainer({}), isContainer([]), isContainer(null)]).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("of a key that stands twice the last one is written, as everybody reads it", () => {
  expect(writeJsonExact(readJsonExact('{"a":1,"a":2}'))).toBe('{"a":2}');
});

test("pointers name keys with slashes and tildes", () => {
  expect(parsePointer("/a~1b/~01/0/")).toEqual(["a/b", "~1", "0", ""]);
});
