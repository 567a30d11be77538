import { expect, test } from "vitest";
import { read, toTool } from "../../test/policy/facts.ts";
import { toArgumentType } from "./argument-type.ts";
import { checkRules } from "./check.ts";
import type { CheckedTool } from "./policy-schema.ts";
import { starterRules } from "../model/starter-rules.ts";

function toChecked(id: string, properties: object, required: readonly string[] = []): CheckedTool {
  const schema = { type: "object", properties, required };
  return { ...toTool(id), kind: "Tool", argumentType: toArgumentType(schema) };
}

const pay = toChecked("bank__pay", { amount: { type: "integer" }, note: { type: "string" } }, [
  "amount",
]);
const check = (
  text: string,
  tools: readonly CheckedTool[] = [pay],
  unseen: readonly string[] = [],
) => {
  const { problems, warnings } = checkRules(read(text), { tools, unseen });
  return {
    problems: problems.map(({ rule, line, message }) => `${rule}:${line} ${message}`),
    warnings: warnings.map(({ rule, line, message }) => `${rule}:${line} ${message}`),
  };
};
const onPay = (condition: string): string =>
  `@id("r") permit (principal, action == Action::"bank__pay", resource) when { ${condition} };`;

test("the starter rules hold against any set of tools", () => {
  expect(check(starterRules).problems).toEqual([]);
  expect(check(starterRules, []).problems).toEqual([]);
});

test.each([
  [
    "an argument that is not there",
    onPay("context.args.amuont > 5"),
    /amuont.*not found.*did you mean `amount`/,
  ],
  ["an argument of another type", onPay('context.args.amount == "5"'), /incompatible|type/],
  ["an optional argument that is read unguarded", onPay('context.args.note == "x"'), /optional/],
  [
    "a tool that is not there",
    'permit (principal, action == Action::"bank__pya", resource);',
    /bank__pya/,
  ],
  [
    "a kind of principal that is not there",
    'permit (principal == Usr::"default/a", action, resource);',
    /Usr/,
  ],
  [
    "a group that is not there",
    'permit (principal, action in Action::"reads", resource);',
    /reads/,
  ],
  [
    "an argument guarded into never",
    onPay("context.args has amuont && context.args.amuont > 5"),
    /impossible/,
  ],
  ["a fact that is not there", onPay('context.label == "x"'), /label/],
])("%s is a problem with its rule and line", (_, text, expected) => {
  const { problems } = check(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^\S+:1 /);
  expect(problems[0]).toMatch(expected);
});

test("drift that takes an argument away is a problem of the rules that read it", () => {
  const rule = onPay("context.args.amount > 5");
  expect(check(rule).problems).toEqual([]);
  const drifted = toChecked("bank__pay", { total: { type: "integer" } }, ["total"]);
  expect(check(rule, [drifted]).problems).toHaveLength(1);
  const optional = toChecked("bank__pay", { amount: { type: "integer" } });
  expect(check(rule, [optional]).problems[0]).toMatch(/optional/);
  const text = toChecked("bank__pay", { amount: { type: "string" } }, ["amount"]);
  expect(check(rule, [text]).problems).toHaveLength(1);
  expect(check(rule, []).problems[0]).toMatch(/bank__pay/);
});

test("a tool of a server that was never seen is a warning until it was", () => {
  const rule = `@id("r") permit (principal, action == Action::"crm__find", resource);`;
  expect(check(rule, [pay], ["crm"])).toMatchObject({
    problems: [],
    warnings: [expect.stringMatching(/never listed/) as unknown],
  });
  expect(check(rule).problems[0]).toMatch(/crm__find/);
});

test.each([
  [{ type: "string", enum: ["a"] }, { kind: "string" }],
  [{ type: ["integer", "null"] }, { kind: "long" }],
  [{ anyOf: [{ type: "number" }, { type: "null" }] }, { kind: "decimal" }],
  [
    { type: "array", items: { type: "boolean" } },
    { kind: "set", element: { kind: "boolean" } },
  ],
  [{ $ref: "#/$defs/name" }, { kind: "string" }],
  [{ $ref: "#/$defs/loop" }, null],
  [{ anyOf: [{ type: "number" }, { type: "string" }] }, null],
  [{ type: ["integer", "string"] }, null],
  [{ type: "array", prefixItems: [{ type: "string" }], items: { type: "string" } }, null],
  [{ enum: ["a", 1] }, null],
  [true, null],
])("an argument of %j is to rules %j", (schema, expected) => {
  const root = {
    type: "object",
    properties: { a: schema },
    required: ["a"],
    $defs: { name: { type: "string" }, loop: { $ref: "#/$defs/loop" } },
  };
  expect(toArgumentType(root).members.get("a")?.type ?? null).toEqual(expected);
});

test("what may be null may be missing, to rules", () => {
  const type = toArgumentType({
    type: "object",
    properties: {
      a: { type: ["string", "null"] },
      b: { type: "string" },
      c: { type: "string" },
      d: { anyOf: [{ type: "string" }, { type: "null" }] },
    },
    required: ["a", "b", "d"],
  });
  expect([...type.members].map(([name, { required }]) => [name, required])).toEqual([
    ["a", false],
    ["b", true],
    ["c", false],
    ["d", false],
  ]);
});
