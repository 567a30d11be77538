import { expect, test } from "vitest";
import { compareRules } from "./compare-rules.ts";

const rule = (id: string, more = "") =>
  `@id("${id}") permit (principal, action, resource)${more};\n`;

test("rules are compared one by one, whatever text they stand in and in whatever order", () => {
  const before = { one: rule("a") + rule("b") + rule("c"), two: rule("d") };
  const after = {
    one: `// moved\n${rule("b")}${rule("a", ' when { context.toolset == "x" }')}`,
    two: rule("e") + rule("d") + rule("c"),
  };
  expect(compareRules(before, after)).toEqual([
    { kind: "changed", rule: "a", source: "one" },
    { kind: "added", rule: "e", source: "two" },
  ]);
  expect(compareRules(before, { one: rule("a") + rule("b") })).toEqual([
    { kind: "removed", rule: "c", source: "one" },
    { kind: "removed", rule: "d", source: "two" },
  ]);
  expect(compareRules({ one: "permit (" }, {})).toEqual([]);
});
