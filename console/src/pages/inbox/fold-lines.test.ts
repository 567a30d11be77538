import { expect, test } from "vitest";
import type { Json } from "../../../../src/lib/strict-json.ts";
import { countFolded, foldLines, nothingUnfolded } from "./fold-lines.ts";
import { shorten } from "./shorten.ts";
import { toChallenge } from "./sign-digest.ts";

const toText = (value: Json) =>
  foldLines(value)
    .flatMap(({ first, rest }) => [...first, ...rest.flat()])
    .map(({ text }) => text)
    .join("");

test.each<[string, Json, number]>([
  ["short", { a: "b" }, 0],
  ["long", { a: "x".repeat(5_000) }, 1],
  ["of many lines", Array.from({ length: 400 }, (_, n) => n), 1],
  ["both", ["y".repeat(5_000), ...Array.from({ length: 400 }, (_, n) => n)], 2],
])("what is %s is folded, and nothing of it is lost", (_, value, folded) => {
  const lines = foldLines(value);
  expect(countFolded(lines, nothingUnfolded)).toBe(folded);
  expect(toText(value)).toBe(JSON.stringify(value, null, 1).replaceAll(/\n */g, ""));
  const all = { allLines: true, lines: new Set(lines.keys()) };
  expect(countFolded(lines, all)).toBe(0);
});

test("very many marks keep their names, in order, and no half of a letter is cut off", () => {
  const text = toText("x\u0430".repeat(4_000));
  expect(text.split("⟦U+0430 CYRILLIC, LIKE a⟧")).toHaveLength(4_001);
  expect(toText(`${"x".repeat(1_498)}\u{1f600}y`)).toContain("x\u{1f600}y");
  expect(toText(`${"x\u0430".repeat(3_000)} \u05d0\u05d1`)).toContain("\u05d0\u05d1");
});

test("of two long texts the part that differs is shown, with what is around it", () => {
  const [was, now] = shorten(
    `${"a".repeat(500)}1${"b".repeat(500)}`,
    `${"a".repeat(500)}2${"b".repeat(500)}`,
  );
  expect(was).toBe(`… ${"a".repeat(60)}1${"b".repeat(60)} …`);
  expect(now).toBe(`… ${"a".repeat(60)}2${"b".repeat(60)} …`);
});

test("a digest is a challenge as browsers write it, and nothing else is", () => {
  const hex = "0f".repeat(31) + "fb";
  expect(toChallenge(`sha256:${hex}`)).toBe(Buffer.from(hex, "hex").toString("base64url"));
  expect(toChallenge(`sha256:${hex.slice(2)}`)).toBeNull();
  expect(toChallenge(hex)).toBeNull();
});
