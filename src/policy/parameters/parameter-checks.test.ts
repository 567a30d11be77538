import { expect, test } from "vitest";
import type { Json } from "../../lib/strict-json.ts";
import { compileParameterChecks } from "./parameter-checks.ts";
import { parametersField } from "../../model/parameter-types.ts";
import { loadSqlParser } from "./sql-parser.ts";

const path = { type: "path", root: "/srv" };
const compile = (types: object) => compileParameterChecks(parametersField.parse(types));
const pointers = (types: object, args: Json) => compile(types)(args).map(({ pointer }) => pointer);

test("a check of SQL is not compiled without its parser, rather than pass", async () => {
  expect(() => compile({ "/q": { type: "sql", mode: "read" } })).toThrow("loadSqlParser");
  await loadSqlParser();
  expect(compile({ "/q": { type: "sql", mode: "read" } })({ q: "drop table a" })).toHaveLength(1);
});

test("every problem has the pointer of its own place", () => {
  const args = {
    files: [{ path: "/srv/a" }, { path: "/etc/a" }, {}, { path: 1 }],
    byName: { "a/b": "/etc", ok: "/srv" },
    pair: ["/etc", "/etc"],
  };
  expect(pointers({ "/files/*/path": path, "/byName/*": path, "/pair/1": path }, args)).toEqual([
    "/files/1/path",
    "/files/3/path",
    "/byName/a~1b",
    "/pair/1",
  ]);
});

test("an argument that is missing is no problem, one of another shape is", () => {
  const types = { "/a/b": path };
  expect(pointers(types, {})).toEqual([]);
  expect(pointers(types, { a: {} })).toEqual([]);
  expect(pointers({ "/constructor": path, "/__proto__/a": path }, {})).toEqual([]);
  for (const value of [null, 1, true, ["/srv"], {}])
    expect(pointers(types, { a: { b: value } }), JSON.stringify(value)).toEqual(["/a/b"]);
  for (const value of [null, 1, "/etc/passwd", [{ b: "/etc" }]])
    expect(pointers(types, { a: value }), JSON.stringify(value)).toEqual(["/a"]);
  expect(pointers({ "/a/*": path }, { a: "/etc" })).toEqual(["/a"]);
  expect(pointers({ "/a": path }, "/etc")).toEqual([""]);
  expect(pointers({}, "/etc")).toEqual([]);
});

test("many values are checked up to a bound, and beyond it refused", () => {
  const types = { "/a/*": path, "/b/*/*": path };
  const many = (count: number) => Array.from({ length: count }, () => "/srv/x");
  expect(compile(types)({ a: many(1_000) })).toEqual([]);
  const beyond = { pointer: "/a", message: expect.stringContaining("more than can be checked") };
  expect(compile(types)({ a: many(1_001) })).toEqual([beyond]);
  expect(compile(types)({ a: many(1_000_000) })).toEqual([beyond]);
  expect(pointers(types, { b: [many(600), many(600)] })).toEqual(["/b"]);
  expect(pointers(types, { a: many(40).map(() => `/srv/${"a/".repeat(2_000)}`) })).toEqual(["/a"]);
  expect(compile(types)({ a: Array.from({ length: 1_000 }, () => "/etc") })).toHaveLength(100);
});

test("no message shows more than a short part of a value", () => {
  const secret = "hunter2".repeat(100);
  const types = {
    "/path": path,
    "/url": { type: "host", hosts: ["a.example.com"] },
    "/to": { type: "email", domains: ["example.com"] },
    "/sql": { type: "sql", mode: "read", tables: ["a.b"] },
    "/command": { type: "command", programs: ["git"], denyFlags: ["-o"] },
  };
  const values = [
    [
      `/etc/${secret}`,
      `https://x/${secret}`,
      `a@${secret}`,
      `select '${secret}' from x.${secret}`,
      secret,
    ],
    [secret, secret, secret, secret, ["git", `-o${secret}`]],
    [
      `/\u202e${secret}`,
      `\u202e${secret}`,
      `\u202e${secret}`,
      `select "\u202e${secret}"()`,
      ["\u202e", secret],
    ],
  ];
  for (const [at, url, to, sql, command] of values) {
    const problems = compile(types)({
      path: at!,
      url: url!,
      to: to!,
      sql: sql!,
      command: command!,
    });
    expect(problems).toHaveLength(5);
    for (const { message } of problems) {
      expect(message.length).toBeLessThan(400);
      expect(message).toMatch(/^[ -~…]*$/);
      expect(message).not.toContain("hunter2".repeat(8));
    }
  }
});
