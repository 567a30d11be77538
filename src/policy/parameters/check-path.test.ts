import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../../test/scale.ts";
import { compilePathCheck, resolve } from "./check-path.ts";

const inFiles = compilePathCheck({ type: "path", root: "/srv/files", relative: false });
const inEither = compilePathCheck({ type: "path", root: ["/srv/files", "/tmp"], relative: false });
const relative = compilePathCheck({ type: "path", root: "/srv/files", relative: true });

test.each([
  "/srv/files",
  "/srv/files/",
  "/srv/files/a.txt",
  "/srv/files//a/./b",
  "/srv/files/a/../b",
  "/srv/files/../files/b",
  "/srv/files/.hidden",
  "/srv/files/100% sure.txt",
  "/srv/files/Grüße.txt",
  "/srv/files/ノート.txt",
])("%s lies in the root", (text) => {
  expect(inFiles(text)).toBeNull();
  expect(inEither(text)).toBeNull();
});

test.each([
  ["", "is empty"],
  ["a.txt", "is not an absolute path"],
  ["/", "lies outside"],
  ["/srv", "lies outside"],
  ["/srv/filesystem", "lies outside"],
  ["/srv/files/../secret", "lies outside"],
  ["/SRV/files/a", "lies outside"],
  [`/srv/files/${"a/".repeat(3_000)}`, "longer than 4096"],
  [`/srv/files/${"a".repeat(256)}`, "part longer than 255"],
])("%j does not: %s", (text, why) => {
  expect(inFiles(text)).toContain(why);
});

test("a relative path is taken from the root where it may be one", () => {
  expect(relative("a/b")).toBeNull();
  expect(relative("./a/../b")).toBeNull();
  expect(relative("/srv/files/a")).toBeNull();
  for (const text of ["..", "../x", "a/../../x", "/etc/passwd", "../filesystem"])
    expect(relative(text), text).toContain("lies outside");
  for (const text of ["file:/etc/passwd", "file:///etc/passwd", "c:/x", "$HOME/x", "%HOME%/x"])
    expect(relative(text), text).toContain("begins with a");
});

test("the message names the roots and shows a short part of the value, escaped", () => {
  expect(inEither(`/etc/${"é".repeat(100)}`)).toBe(
    `lies outside; allowed is what lies in /srv/files or /tmp: "/etc/${"\\u00e9".repeat(35)}"…`,
  );
});

const segment = fc.constantFrom("..", "..", ".", "", "a", "b", "files", "srv", ".a", "a b");
const anyPath = fc.array(segment, { maxLength: 12 }).map((parts) => `/${parts.join("/")}`);

test("paths mean what they mean to Node", () => {
  fc.assert(
    fc.property(anyPath, (text) => {
      const resolved = path.posix.resolve(text);
      expect(resolve(text)).toBe(resolved);
      const isInside = resolved === "/srv/files" || resolved.startsWith("/srv/files/");
      expect(inFiles(text) === null).toBe(isInside);
    }),
    { seed: seed(), numRuns: scaled({ test: 2_000, prove: 200_000 }) },
  );
});

test("relative paths mean what they mean to Node", () => {
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 12 }), (parts) => {
      const text = parts.join("/");
      fc.pre(text !== "" && !text.startsWith("/"));
      const resolved = path.posix.resolve("/srv/files", text);
      const isInside = resolved === "/srv/files" || resolved.startsWith("/srv/files/");
      expect(relative(text) === null).toBe(isInside);
    }),
    { seed: seed(), numRuns: scaled({ test: 2_000, prove: 200_000 }) },
  );
});

test("whatever text it is, what is accepted has one meaning and lies inside", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 30 }), (text) => {
      const whole = `/srv/files/${text}`;
      if (inFiles(whole) !== null) return;
      expect(path.posix.resolve(whole)).toMatch(/^\/srv\/files(?:\/|$)/);
      expect(path.posix.resolve(whole.normalize("NFKC"))).toMatch(/^\/srv\/files(?:\/|$)/);
      expect(path.win32.resolve("/", whole)).not.toMatch(/^[a-z]:\\(?!srv\\files(?:\\|$))/i);
    }),
    { seed: seed(), numRuns: scaled({ test: 5_000, prove: 500_000 }) },
  );
});
