import { expect, test } from "vitest";
import { readPointer } from "./json-pointer.ts";

const document = { a: [{ "b/c": 1, "d~e": 2 }, 3], "": { x: null } };

test.each([
  ["", document],
  ["/a/1", 3],
  ["/a/0/b~1c", 1],
  ["/a/0/d~0e", 2],
  ["//x", null],
])("what stands at %j", (pointer, value) => {
  expect(readPointer(document, pointer)).toEqual(value);
});

test.each(["/b", "/a/2", "/a/01", "/a/-", "/a/length", "/a/0/toString", "/a/1/x", "//x/y"])(
  "nothing stands at %j",
  (pointer) => {
    expect(readPointer(document, pointer)).toBeUndefined();
  },
);
