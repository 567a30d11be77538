import { expect, test } from "vitest";
import { z } from "zod";
import { parametersField } from "./parameter-types.ts";

const parse = (value: unknown) => parametersField.safeParse(value);

test("what is left out has a cautious default", () => {
  expect(
    parametersField.parse({
      "/path": { type: "path", root: "/srv" },
      "/url": { type: "host", hosts: ["a.example.com"] },
      "/to/*": { type: "email", domains: ["example.com"] },
      "/sql": { type: "sql", mode: "read" },
      "/argv": { type: "command", programs: ["git", "/usr/bin/ls"] },
    }),
  ).toEqual({
    "/path": { type: "path", root: "/srv", relative: false },
    "/url": { type: "host", hosts: ["a.example.com"], schemes: ["https"] },
    "/to/*": { type: "email", domains: ["example.com"] },
    "/sql": { type: "sql", mode: "read", statements: 1, functions: [] },
    "/argv": {
      type: "command",
      programs: ["git", "/usr/bin/ls"],
      denyFlags: [],
      interpreter: false,
    },
  });
});

test.each(["", "path", "/", "//", "/a/", "/a~2", "/a~", `/${"a".repeat(600)}`, "/a".repeat(17)])(
  "%j is not a place in arguments",
  (pointer) => {
    expect(parse({ [pointer]: { type: "path", root: "/" } }).success).toBe(false);
  },
);

test.each([
  "",
  "srv",
  "/srv/",
  "/srv//a",
  "/srv/..",
  "/srv/.",
  "/srv/a.",
  "/srv/a ",
  "/a\\b",
  "/~",
  "/e\u0301",
  "/a\0",
])("%j is not a root", (root) => {
  expect(parse({ "/p": { type: "path", root } }).success).toBe(false);
  expect(parse({ "/p": { type: "path", root: ["/ok", root] } }).success).toBe(false);
});

test.each(
  "sh bash /bin/sh dash zsh busybox env /usr/bin/env xargs python python3 python3.12 /usr/local/bin/python3.12 perl5.36 node node22 ruby php8.3 awk gawk sed sudo ssh timeout nohup eval vim make npx psql docker PYTHON python.exe".split(
    " ",
  ),
)("%s runs whatever it is told, and that has to be said", (program) => {
  const command = { type: "command", programs: ["git", program] };
  const result = parse({ "/c": command });
  expect(result.error?.issues).toMatchObject([
    { path: ["/c", "programs", 1], message: expect.stringContaining("interpreter: true") },
  ]);
  expect(parse({ "/c": { ...command, interpreter: true } }).success).toBe(true);
});

test.each([
  "git",
  "ls",
  "sha256sum",
  "md5sum",
  "7z",
  "bzip2",
  "convert",
  "find",
  "tar",
  "/usr/bin/wc",
])("%s does not", (program) => {
  expect(parse({ "/c": { type: "command", programs: [program] } }).success).toBe(true);
});

test.each([
  { type: "path" },
  { type: "path", root: "/a", roots: ["/b"] },
  { type: "path", root: [] },
  { type: "path", root: ["/a", "/b"], relative: true },
  { type: "host", hosts: [] },
  { type: "host", hosts: ["*"] },
  { type: "host", hosts: ["*.com"] },
  { type: "host", hosts: ["a.b"], ports: [0] },
  { type: "host", hosts: ["a.b"], schemes: ["file"] },
  { type: "email", domains: ["Example.com"] },
  { type: "sql" },
  { type: "sql", mode: "write" },
  { type: "sql", mode: "read", statements: 2 },
  { type: "sql", mode: "read", tables: ["users"] },
  { type: "sql", mode: "read", tables: ["*.users"] },
  { type: "sql", mode: "read", tables: ["a.b.c"] },
  { type: "sql", mode: "read", functions: ["a.b.c"] },
  { type: "command", programs: [] },
  { type: "command", programs: ["git status"] },
  { type: "command", programs: ["./git"] },
  { type: "command", programs: ["/usr/../bin/git"] },
  { type: "command", programs: ["git"], denyFlags: ["o"] },
  { type: "shell", programs: ["git"] },
])("%j is refused", (type) => {
  expect(parse({ "/x": type }).success).toBe(false);
});

test("editors get a JSON Schema of it", () => {
  expect(z.toJSONSchema(parametersField, { io: "input" })).toMatchObject({ type: "object" });
});
