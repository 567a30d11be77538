import { expect, test } from "vitest";
import { checkArguments } from "./check-arguments.ts";
import { readForm, toFilled, toFormFields } from "./schema-form.ts";

const schema = {
  type: "object",
  properties: {
    note: { type: ["string", "null"], description: "For the books." },
    amount: { type: "number" },
    count: { type: "integer", default: 1 },
    urgent: { type: "boolean" },
    currency: { type: "string", enum: ["EUR", "USD"] },
    to: { type: "object", properties: { iban: { type: "string" } }, required: ["iban"] },
  },
  required: ["amount", "to", "count"],
  additionalProperties: false,
};
const fields = toFormFields(schema)!;

test("each argument has the field that can hold it, what is needed first", () => {
  expect(fields.map(({ name, kind, isRequired }) => [name, kind, isRequired])).toEqual([
    ["amount", "number", true],
    ["count", "integer", true],
    ["to", "json", true],
    ["note", "text", false],
    ["urgent", "choice", false],
    ["currency", "choice", false],
  ]);
});

test("what is filled in becomes the arguments, and what is not is left out", () => {
  const filled = {
    amount: "12.50",
    to: '{"iban":"DE1"}',
    note: "7",
    urgent: "false",
    currency: '"EUR"',
  };
  const { args, wrong } = readForm(fields, filled);
  expect(wrong).toEqual({});
  expect(args).toEqual({
    amount: 12.5,
    to: { iban: "DE1" },
    note: "7",
    urgent: false,
    currency: "EUR",
  });
  expect(readForm(fields, toFilled(fields, args)!).args).toEqual(args);
});

test("what a field does not take is said at that field, in JSON with the place", () => {
  const { wrong } = readForm(fields, {
    amount: "much",
    count: "1.5",
    to: '{"iban":{"a":1,"a":2}}',
  });
  expect(wrong).toMatchObject({
    amount: "This takes a number.",
    count: "This takes a whole number.",
    to: expect.stringContaining("/iban/a: "),
  });
  expect(readForm(fields, {}).wrong["amount"]).toBe("The tool needs this one.");
});

test("a schema that is no plain list of arguments is written as JSON", () => {
  expect(toFormFields({ type: "object", oneOf: [{ required: ["a"] }] })).toBeNull();
  expect(toFormFields(null)).toBeNull();
});

test("what is plainly wrong is named by its place, and nothing that is merely unknown", () => {
  const value = { amount: "1", to: {}, count: 1, extra: true };
  expect(checkArguments(schema, value)).toEqual([
    { pointer: "/amount", message: "takes number" },
    { pointer: "/to/iban", message: "is required" },
    { pointer: "/extra", message: "is no argument of this tool" },
  ]);
  expect(checkArguments({ $ref: "#/x" }, value)).toEqual([]);
});
