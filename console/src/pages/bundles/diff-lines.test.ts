import { expect, test } from "vitest";
import { diffLines, toHunks, type LineChange } from "./diff-lines.ts";

const marks = { same: " ", removed: "-", added: "+" } as const;
const show = (changes: readonly LineChange[]) =>
  changes.map(({ kind, text }) => `${marks[kind]}${text}`).join("|");

test.each([
  ["a\nb\nc", "a\nc", " a|-b| c"],
  ["a\nb\nc", "a\nx\nb\nc", " a|+x| b| c"],
  ["a\nb", "b\na", "-a| b|+a"],
  ["", "a", "-|+a"],
  ["a\na", "a", " a|-a"],
  ["x\nb\ny", "q\nb\nz", "-x|+q| b|-y|+z"],
])("%j to %j", (before, after, expected) => {
  expect(show(diffLines(before, after))).toBe(expected);
});

test("both texts come back from it, whatever they are", () => {
  const words = ["a", "b", "c", "", "a"];
  const toText = (seed: number) =>
    Array.from({ length: 7 }, (_, at) => words[(seed * (at + 3)) % 5]).join("\n");
  for (let seed = 1; seed < 40; seed += 1) {
    const [before, after] = [toText(seed), toText(seed * 7 + 1)];
    const changes = diffLines(before, after);
    const without = (kind: string) =>
      changes.flatMap((each) => (each.kind === kind ? [] : [each.text])).join("\n");
    expect([without("added"), without("removed")]).toEqual([before, after]);
  }
});

test("what is the same is left out but for a few lines, and counted", () => {
  const before = Array.from({ length: 40 }, (_, at) => `line ${at}`);
  const hunks = toHunks(diffLines(before.join("\n"), before.with(20, "other").join("\n")), 2);
  expect(hunks.map(({ hidden, lines }) => [hidden, show(lines)])).toEqual([
    [18, " line 18| line 19|-line 20|+other| line 21| line 22"],
    [17, ""],
  ]);
});
