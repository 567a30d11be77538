import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { toDigest } from "./digest.ts";
import { judgeWorkPath } from "./work-path.ts";
import {
  changeManifest,
  emptyManifest,
  manifestSchema,
  toManifestDigest,
  type WorkFileEntry,
} from "./workspace.ts";

const runs = { numRuns: scaled({ test: 100, prove: 5_000 }), seed: seed() };
const wide = { size: 1_000_000, files: 1_000 };
const toEntry = (path: string, size = 1): WorkFileEntry => ({
  path,
  digest: toDigest(path),
  size,
  isExecutable: false,
});

test.each([
  "",
  "/etc/passwd",
  "../secret",
  "a/../../b",
  "a/..",
  ".",
  "a/./b",
  "a//b",
  "a/",
  "a\0b",
  "a\nb",
  "a\\b",
  "\u0085",
  "a\u2028b",
  "a\u2029b",
  "\ud800",
  "x".repeat(256),
  `${"é".repeat(128)}`,
  Array.from({ length: 17 }, () => "d").join("/"),
  Array.from({ length: 12 }, () => "x".repeat(60)).join("/"),
])("%j is no path of a workspace", (path) => {
  expect(judgeWorkPath(path)).toMatch(/^(is|has|holds|lies) /);
});

test.each(["a", ".env", "src/main.py", "ä/…/ ok", "a..b", "...", "x".repeat(255)])(
  "%j is one",
  (path) => {
    expect(judgeWorkPath(path)).toBeNull();
  },
);

test("what is accepted leads nowhere but below its folder, whatever is tried", () => {
  const part = fc.constantFrom("..", ".", "", "a", "\0", "/", "\\", "..a", " ");
  const path = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join("/")),
  );
  fc.assert(
    fc.property(path, (tried) => {
      if (judgeWorkPath(tried) !== null) return;
      const { pathname } = new URL(
        `http://h/work/${tried.split("/").map(encodeURIComponent).join("/")}`,
      );
      expect(pathname.startsWith("/work/")).toBe(true);
      expect(tried.split("/").some((each) => each === "" || each === "." || each === "..")).toBe(
        false,
      );
    }),
    runs,
  );
});

test("changes are taken over whole: written over what is removed, in one order", () => {
  const first = changeManifest(
    emptyManifest,
    { written: ["b", "a", "c"].map((path) => toEntry(path)), removed: [] },
    wide,
  );
  if (first.kind !== "changed") throw new Error(first.why);
  expect(first.manifest.files.map(({ path }) => path)).toEqual(["a", "b", "c"]);
  const next = changeManifest(
    first.manifest,
    { written: [toEntry("c", 5)], removed: ["a", "c", "missing"] },
    wide,
  );
  if (next.kind !== "changed") throw new Error(next.why);
  expect(next.manifest.files).toEqual([toEntry("b"), toEntry("c", 5)]);
  expect(manifestSchema.parse(next.manifest)).toEqual(next.manifest);
});

test("the same files have the same digest, in whatever order they came", () => {
  const paths = fc.uniqueArray(fc.constantFrom("a", "b", "c/d", "c/e", "ä", "Z"));
  fc.assert(
    fc.property(paths, paths, (one, other) => {
      const grow = (order: readonly string[]) =>
        order.reduce((manifest, path) => {
          const next = changeManifest(manifest, { written: [toEntry(path)], removed: [] }, wide);
          return next.kind === "changed" ? next.manifest : manifest;
        }, emptyManifest);
      const isSame = one.toSorted().join() === other.toSorted().join();
      expect(toManifestDigest(grow(one)) === toManifestDigest(grow(other))).toBe(isSame);
    }),
    runs,
  );
});

test.each([
  [[toEntry("a", 600), toEntry("b", 500)], "workspace.size"],
  [Array.from({ length: 5 }, (_, at) => toEntry(`${at}`)), "workspace.files"],
  [[toEntry("a"), toEntry("a/b")], "a file and a folder"],
  [[toEntry("x/y/z"), toEntry("x")], "a file and a folder"],
  [[toEntry("../a")], "part that is . or .."],
])("what does not fit is refused whole, and the bound is named (%#)", (written, named) => {
  const refused = changeManifest(
    emptyManifest,
    { written, removed: [] },
    { size: 1_000, files: 4 },
  );
  expect(refused).toMatchObject({ kind: "refused", why: expect.stringContaining(named) });
});
