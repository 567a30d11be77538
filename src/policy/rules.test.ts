import { expect, test } from "vitest";
import { readRules } from "./rules.ts";
import { starterRules } from "../model/starter-rules.ts";

function problemsOf(text: string): readonly string[] {
  const read = readRules({ own: text });
  return read.kind === "read"
    ? []
    : read.problems.map(({ source, line, message }) => `${source}:${line} ${message}`);
}

test("the starter rules are read, each under its own id", () => {
  const read = readRules({ starter: starterRules });
  expect(read.kind === "read" && read.rules.map(({ id, line }) => [id, line])).toEqual([
    ["starter/reads", 2],
    ["starter/effects", 7],
    ["starter/effects-ask", 11],
    ["starter/after-untrusted-ask", 22],
    ["starter/confidential-stays", 34],
  ]);
});

test("more than ten rules keep their order, and one without an id is named by its place", () => {
  const text = Array.from({ length: 12 }, (_, n) =>
    n === 5
      ? `@id("n${n}") permit (principal, action, resource);`
      : `permit (principal, action, resource) when { context.toolset == "${n}" };`,
  ).join("\n");
  const read = readRules({ own: text });
  expect(read.kind === "read" && read.rules.map(({ id, line }) => `${id}@${line}`)).toEqual(
    Array.from({ length: 12 }, (_, n) => (n === 5 ? `n5@6` : `own#${n + 1}@${n + 1}`)),
  );
});

test.each([
  [
    "a slip of syntax",
    "\npermit (principal, action, resource) when { context.x = 1 };",
    [/own:2 '=' is not a valid operator.*==/],
  ],
  [
    "an unknown annotation",
    '@aks("x")\nforbid (principal, action, resource);',
    [/own:1 @aks is no annotation; did you mean @ask\?/],
  ],
  [
    "an ask on a permit",
    '@ask("x") permit (principal, action, resource) when { context.approval.granted };',
    [/stand on a forbid/],
  ],
  [
    "a permit that waits for an approval that nobody asks for",
    "permit (principal, action, resource) when { context.approval.granted };",
    [/write a forbid with @ask/],
  ],
  [
    "an ask that never gives way",
    '@ask("x") forbid (principal, action, resource);',
    [/never gives way/],
  ],
  [
    "an ask that gives way to something else too",
    '@ask("x") forbid (principal, action, resource) unless { context.approval.granted || context.obligation.met };',
    [/reads context\.obligation\.met/],
  ],
  [
    "both kinds at once",
    '@ask("x") @obligation("redact /a") forbid (principal, action, resource) unless { context.approval.granted };',
    [/not both/],
  ],
  [
    "a quorum without an ask",
    '@quorum("2") forbid (principal, action, resource);',
    [/@quorum goes with @ask/],
  ],
  [
    "a quorum of none",
    '@ask("x") @quorum("0") forbid (principal, action, resource) unless { context.approval.granted };',
    [/@quorum takes a number/],
  ],
  [
    "an approver that is none",
    '@ask("x") @approvers("finance") forbid (principal, action, resource) unless { context.approval.granted };',
    [/@approvers takes/],
  ],
  [
    "an obligation that nobody knows",
    '@obligation("blur /a") forbid (principal, action, resource) unless { context.obligation.met };',
    [/@obligation takes/],
  ],
  [
    "a pointer that is none",
    '@obligation("redact a.b") forbid (principal, action, resource) unless { context.obligation.met };',
    [/@obligation takes/],
  ],
  [
    "two rules of one id",
    '@id("a") permit (principal, action, resource);\n@id("a") forbid (principal, action, resource);',
    [/own:2 has the id of the rule at own:1/],
  ],
  ["a template", "permit (principal == ?principal, action, resource);", [/template/]],
])("%s is refused at its place", (_, text, expected) => {
  const problems = problemsOf(text);
  expect(problems).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern);
});

test("the line counts characters, whatever stands before", () => {
  const text = "// äöü €\u{1F600}\n// more\npermit (principal, action, resource) when { 1 + };";
  expect(problemsOf(text)[0]).toMatch(/^own:3 /);
});

test("a path that is read is found wherever it stands", () => {
  const read = readRules({
    own: `permit (principal, action, resource) when {
      (if context.args.a then context.args.b == "x" else context.args has c.d) &&
      {"Value": context.args.e, "Var": context.toolset}.Value == "y" &&
      [context.args.f].contains("z") && context.args["weird \\" name"] like "*q*" &&
      decimal(context.args.g).greaterThan(context.args.h) && context has run
    };`,
  });
  const reads = read.kind === "read" ? read.rules[0]!.reads.map((path) => path.join(".")) : [];
  expect([...reads].sort()).toEqual(
    [
      "args.a",
      "args.b",
      "args.c.d",
      "args.e",
      'args.weird " name',
      "args.f",
      "args.g",
      "args.h",
      "run",
      "toolset",
    ].sort(),
  );
});

test("the context as a whole is read as a whole", () => {
  const read = readRules({
    own: `permit (principal, action, resource) when { {"c": context}.c.args.a == 1 };`,
  });
  expect(read.kind === "read" && read.rules[0]!.reads).toEqual([[]]);
});
