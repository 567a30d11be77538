import { expect, test } from "vitest";
import type { Json } from "../../lib/strict-json.ts";
import { checkDeclaration } from "./check-declaration.ts";
import { parametersField } from "../../model/parameter-types.ts";

const path = { type: "path", root: "/srv" };
const check = (pointer: string, schema: Json, type: object = path) =>
  checkDeclaration(parametersField.parse({ [pointer]: type }), schema).map(
    ({ message }) => message,
  );

const file = {
  type: "object",
  properties: { path: { type: "string" }, size: { type: "integer" } },
};
const schema: Json = {
  type: "object",
  properties: {
    path: { type: "string" },
    count: { type: "integer" },
    maybe: { type: ["string", "null"] },
    files: { type: "array", items: { $ref: "#/$defs/file" } },
    pair: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }] },
    either: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
    kind: { enum: ["a", "b"] },
    anything: {},
    open: { type: "object", additionalProperties: true },
    byName: { type: "object", additionalProperties: file },
    free: { type: "object" },
    all: { allOf: [{ properties: { path: { type: "string" } } }, { properties: { b: true } }] },
    "a/b": { type: "string" },
    tree: { $ref: "#/$defs/tree" },
  },
  $defs: {
    file,
    tree: {
      type: "object",
      properties: { path: { type: "string" }, child: { $ref: "#/$defs/tree" } },
    },
  },
};

test.each([
  "/path",
  "/maybe",
  "/files/*/path",
  "/files/0/path",
  "/pair/0",
  "/pair/*",
  "/either",
  "/either/*",
  "/kind",
  "/anything",
  "/anything/at/all",
  "/open/x/y",
  "/byName/*/path",
  "/byName/x/path",
  "/free/x",
  "/all/path",
  "/a~1b",
  "/tree/child/child/path",
  "/*",
])("%s leads somewhere", (pointer) => {
  expect(check(pointer, schema)).toEqual([]);
});

test.each([
  ["/pth", 'leads nowhere: the tool\'s input schema has no "pth"; did you mean /path?'],
  ["/files/*/pth", 'leads nowhere: its /files/* has no "pth"; did you mean /files/*/path?'],
  ["/files/path", 'leads nowhere: its /files has no "path"; did you mean /files/*/path?'],
  ["/path/x", 'leads nowhere: its /path has no "x"'],
  ["/byName/x/zzz", 'leads nowhere: its /byName/x has no "zzz"; there are "path" or "size"'],
  ["/all/zzz", 'leads nowhere: its /all has no "zzz"; there are "path" or "b"'],
  ["/count", "is integer in the tool's input schema, and path needs string"],
  [
    "/files",
    "is array in the tool's input schema, and path needs string; write /files/* for its items",
  ],
  ["/pair/1", "is number in the tool's input schema, and path needs string"],
  [
    "/constructor",
    'leads nowhere: the tool\'s input schema has no "constructor"; there are "path", "count", "maybe", "files", "pair", "either", "kind", "anything" or 6 more',
  ],
])("%s does not: %s", (pointer, message) => {
  expect(check(pointer, schema)).toEqual([message]);
});

test("recipients and commands may be lists", () => {
  const lists: Json = {
    type: "object",
    properties: { to: { type: "array" }, n: { type: "number" } },
  };
  expect(check("/to", lists, { type: "email", domains: ["a.b"] })).toEqual([]);
  expect(check("/to", lists, { type: "command", programs: ["git"] })).toEqual([]);
  expect(check("/n", lists, { type: "command", programs: ["git"] })).toEqual([
    "is number in the tool's input schema, and command needs string or array",
  ]);
});

test("a schema that says nothing, or refers to itself without end, is no reason to hang", () => {
  expect(check("/x", {})).toEqual([]);
  expect(check("/x", true)).toEqual([]);
  expect(check("/x", false)).toHaveLength(1);
  expect(check("/x", { $ref: "#" })).toHaveLength(1);
  expect(check("/x", { allOf: [{ $ref: "#" }, { $ref: "#/allOf/0" }] })).toHaveLength(1);
  expect(check("/x", { $ref: "https://elsewhere.test/schema" })).toEqual([]);
});
