import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { deepFreeze } from "../lib/deep-freeze.ts";
import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import { compileInput, compileOutput } from "./schema-check.ts";

const draft7 = "http://json-schema.org/draft-07/schema#";
const runs = { seed: seed(), numRuns: scaled({ test: 100, prove: 3_000 }) };

function compile(schema: Json) {
  const compiled = compileInput(deepFreeze(schema));
  if (compiled.kind === "refused") throw new Error(compiled.reason);
  return (args: Json) => compiled.check(deepFreeze(args));
}
const object = (properties: Json, more: object = {}): Json => ({
  type: "object",
  properties,
  ...more,
});
const list = (more: object): Json => object({ a: { type: "array", ...more } });

/** The same words mean different things in different dialects. */
const dialects: readonly (readonly [string, string | null, Json, Json, boolean])[] = [
  ["2020-12 by default", null, list({ prefixItems: [{ type: "string" }] }), { a: [1] }, false],
  ["draft-07", draft7, list({ prefixItems: [{ type: "string" }] }), { a: [1] }, true],
  ["draft-07", draft7, list({ items: [{ type: "string" }] }), { a: [1] }, false],
  [
    "2020-12 by name",
    "https://json-schema.org/draft/2020-12/schema",
    object({ a: {} }, { unevaluatedProperties: false }),
    { b: 1 },
    false,
  ],
  ["draft-07", draft7, object({ a: {} }, { unevaluatedProperties: false }), { b: 1 }, true],
  [
    "2020-12 by default",
    null,
    object({ a: {} }, { dependentRequired: { a: ["b"] } }),
    { a: 1 },
    false,
  ],
  ["draft-07", draft7, object({ a: {} }, { dependencies: { a: ["b"] } }), { a: 1 }, false],
  [
    "2020-12 by default",
    null,
    object({ a: { $ref: "#/$defs/b" } }, { $defs: { b: { type: "string" } } }),
    { a: 1 },
    false,
  ],
  [
    "draft-07",
    draft7,
    object({ a: { $ref: "#/definitions/b" } }, { definitions: { b: { type: "string" } } }),
    { a: 1 },
    false,
  ],
];
test.each(dialects)("%s (%s): %j and %j", (_, dialect, schema, args, fits) => {
  const named = dialect === null ? schema : { $schema: dialect, ...(schema as object) };
  expect(compile(named)(args).kind).toBe(fits ? "valid" : "invalid");
});

test.each([["urn:other"], ["https://json-schema.org/draft/2030-01/schema"], [""]])(
  "the dialect %j is not guessed at",
  ($schema) => {
    expect(compileInput({ $schema, type: "object" })).toMatchObject({ kind: "refused" });
  },
);

describe("defaults", () => {
  test("are filled in, and what was given stays, at every level", () => {
    const check = compile(
      object({
        limit: { type: "integer", default: 20 },
        page: { ...(object({ size: { default: 5 }, at: { type: "integer" } }) as object) },
        tags: { type: "array", items: object({ on: { type: "boolean", default: true } }) },
        kind: { type: "string" },
      }),
    );
    expect(check({ limit: 1, page: { at: 2 }, tags: [{ on: false }, {}], kind: "a" })).toEqual({
      kind: "valid",
      filled: {
        limit: 1,
        page: { at: 2, size: 5 },
        tags: [{ on: false }, { on: true }],
        kind: "a",
      },
    });
    expect(check({ limit: 1 })).toEqual({ kind: "valid", filled: null });
    expect(check({ limit: "x" })).toMatchObject({ kind: "invalid" });
  });

  test("are each call's own: what one call does to its copy the next does not see", () => {
    const check = compile(object({ options: { default: { tags: ["a"] } } }));
    const read = () => {
      const verdict = check({});
      if (verdict.kind === "invalid") throw new Error("not valid");
      return verdict.filled as { options: { tags: string[] } };
    };
    read().options.tags.push("b");
    expect(read()).toEqual({ options: { tags: ["a"] } });
  });

  test("are the only difference, whatever else was given", () => {
    const check = compile(object({ a: { default: 1 }, b: { default: null } }));
    const given = fc.dictionary(
      fc.string({ unit: "binary" }),
      fc.jsonValue({ maxDepth: 3, stringUnit: "binary" }),
      { noNullPrototype: true },
    ) as fc.Arbitrary<{ readonly [key: string]: Json }>;
    fc.assert(
      fc.property(given, (args) => {
        const verdict = check(args);
        if (verdict.kind === "invalid") throw new Error("not valid");
        const expected = { a: 1, b: null, ...args };
        expect(verdict.filled ?? args).toEqual(expected);
      }),
      runs,
    );
  });

  test("of a hostile schema change no other object, nor do arguments that try", () => {
    const polluting = parseStrictJson(
      '{"type":"object","properties":{"a":{"default":1},"__proto__":{"default":{"polluted":1}}}}',
    );
    const args = parseStrictJson('{"__proto__":{"polluted":1}}');
    if (polluting.kind !== "parsed" || args.kind !== "parsed") throw new Error("not JSON");
    const check = compile(polluting.value);
    check({});
    const verdict = check(args.value);
    expect(JSON.stringify(verdict)).toBe(
      '{"kind":"valid","filled":{"__proto__":{"polluted":1},"a":1}}',
    );
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe("problems", () => {
  const check = compile(
    object(
      {
        "a/b~c": { type: "integer", maximum: 5 },
        word: { enum: ["one", "two"] },
        text: { type: "string", maxLength: 3, pattern: "^x+$", format: "date-time" },
        same: { const: "x" },
        many: { type: "array", items: { type: "integer" } },
      },
      { required: ["word", "gone"], additionalProperties: false, propertyNames: { maxLength: 9 } },
    ),
  );
  const problems = (args: Json) => {
    const verdict = check(args);
    return verdict.kind === "invalid" ? verdict.problems : [];
  };

  test("are all told, each with its place", () => {
    const found = problems({ "a/b~c": 6, word: "three", more: 1, many: [1, "x"] });
    expect(found.map(({ pointer }) => pointer).toSorted()).toEqual([
      "",
      "",
      "/a~1b~0c",
      "/many/1",
      "/word",
    ]);
    expect(found.map(({ message }) => message).join()).toMatch(/gone.*additional.*\(more\)/);
  });

  test("never repeat a value, which may be a secret and ends in logs", () => {
    const secret = "s3cret-value-of-the-caller";
    const given = { "a/b~c": secret, word: secret, text: secret, same: secret, many: [secret] };
    const found = problems(given);
    expect(found.length).toBeGreaterThanOrEqual(7);
    expect(JSON.stringify(found)).not.toContain("s3cret");
  });

  test("are a hundred at most, and a made-up name in one is cut", () => {
    expect(problems({ many: Array.from({ length: 5_000 }, () => "x") })).toHaveLength(100);
    expect(JSON.stringify(problems({ ["n".repeat(5_000)]: 1 })).length).toBeLessThan(2_000);
  });
});

const nested = (depth: number): Json =>
  Array.from({ length: depth }).reduce<Json>((inner) => ({ not: inner }), {});
/** Each of them refers to the next one twice. */
const doubling = (depth: number): Json => ({
  $ref: "#/$defs/d0",
  $defs: Object.fromEntries(
    Array.from({ length: depth }, (_, index) => {
      const next = { $ref: `#/$defs/d${index + 1}` };
      return [`d${index}`, index === depth - 1 ? {} : { allOf: [next, next] }];
    }),
  ),
});
const withPattern = (pattern: string): Json => object({ a: { type: "string", pattern } });

const refused: readonly (readonly [string, Json, RegExp])[] = [
  ["a reference over the network", { $ref: "https://example.com/schema.json" }, /cannot be used/],
  ["a reference to a file", object({ a: { $ref: "file:///etc/passwd" } }), /cannot be used/],
  ["a reference to a host by its name", { $id: "https://a/", $ref: "b" }, /cannot be used/],
  ["a reference to nowhere", { $ref: "#/$defs/gone" }, /cannot be used/],
  ["no object", "schema", /not an object/],
  ["a list", [], /not an object/],
  ["a type that there is not", { type: "text" }, /cannot be used/],
  ["a broken pattern", withPattern("("), /cannot be used/],
  ["a repeated repetition", withPattern("^(a+)+$"), /may never end/],
  ["repeated alternatives", withPattern("^(a|a)*$"), /may never end/],
  ["a repeated group of a counted one", withPattern("^(?:a{1,9}){1,9}$"), /may never end/],
  ["a pattern that looks back", withPattern("(a)\\1"), /may never end/],
  ["a long pattern", withPattern("a".repeat(513)), /may never end/],
  [
    "such a pattern for names",
    { type: "object", patternProperties: { "^(a+)+$": {} } },
    /may never end/,
  ],
  ["such a pattern deep inside", { allOf: [{ items: withPattern("(a*)*") }] }, /may never end/],
  ["a promise in place of a verdict", { $async: true, type: "object" }, /uses \$async/],
  ["a reference to itself", { $ref: "#" }, /without end/],
  ["a reference to itself among others", { allOf: [{ $ref: "#" }] }, /without end/],
  ["references that double at each step", doubling(30), /too many parts at once/],
  ["much nesting", nested(65), /nested too deep/],
  ["very much nesting", nested(2_000), /nested too deep/],
  ["many parts", { enum: Array.from({ length: 20_000 }, (_, index) => index) }, /too many parts/],
  ["a long text", { description: "x".repeat(256 * 1024) }, /too large/],
];
describe("a schema is refused, and nothing is fetched for it, that has", () => {
  test.each(refused)("%s", (_, schema, why) => {
    const startedMs = performance.now();
    for (const compiled of [compileInput(schema), compileOutput(schema)]) {
      if (compiled.kind === "compiled") throw new Error("it was taken");
      expect(compiled.reason).toMatch(why);
      expect(compiled.reason.length).toBeLessThan(300);
    }
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});

test("what a server made up beyond the standard is no reason to refuse", () => {
  const check = compile(
    object({ a: { type: "string", format: "made-up", widget: { kind: "textarea" } } }),
  );
  expect(check({ a: "x" }).kind).toBe("valid");
  expect(compile(withPattern("^[a-z]{1,9}(?:-[a-z]{1,9})$"))({ a: "ab-cd" }).kind).toBe("valid");
});

test("two tools whose schemas have one $id do not meet", () => {
  const [one, other] = ["string", "integer"].map((type) =>
    compile({ $id: "https://example.com/a", ...(object({ a: { type } }) as object) }),
  );
  expect(one!({ a: "x" }).kind).toBe("valid");
  expect(other!({ a: "x" }).kind).toBe("invalid");
});

test("a result is held to its schema, with nothing filled in", () => {
  const compiled = compileOutput(
    object({ id: { type: "string" }, n: { default: 1 } }, { required: ["id", "n"] }),
  );
  if (compiled.kind === "refused") throw new Error(compiled.reason);
  expect(compiled.check(deepFreeze({ id: "x", n: 1 }))).toEqual([]);
  expect(compiled.check(deepFreeze({ id: 7 })).map(({ pointer }) => pointer)).toEqual(["", "/id"]);
  expect(compiled.check(null)).not.toEqual([]);
});

test("a schema that goes down into its value may refer to itself", () => {
  const tree = object({ children: { type: "array", items: { $ref: "#" } } });
  const check = compile(tree);
  expect(check({ children: [{ children: [] }] }).kind).toBe("valid");
  expect(check({ children: [{ children: 7 }] }).kind).toBe("invalid");
});

test("a parameter may be called what every object has", () => {
  const check = compile(object({ constructor: { type: "string" } }, { required: ["toString"] }));
  expect(check({ toString: "x" }).kind).toBe("valid");
  expect(check({}).kind).toBe("invalid");
  expect(check({ toString: "x", constructor: 1 }).kind).toBe("invalid");
});

test("a default that does not fit its own schema makes no call wrong", () => {
  const check = compile(object({ a: { type: "string", default: null }, b: { type: "number" } }));
  expect(check({}).kind).toBe("valid");
  expect(check({ b: "x" }).kind).toBe("invalid");
});

test("2019-09 has its own meaning of items", () => {
  const $schema = "https://json-schema.org/draft/2019-09/schema";
  const check = compile({ $schema, ...(list({ items: [{ type: "string" }] }) as object) });
  expect(check({ a: ["x", 7] }).kind).toBe("valid");
  expect(check({ a: [7] }).kind).toBe("invalid");
});

test("a text that is longer than its pattern can be tried on does not fit", () => {
  const check = compile(withPattern("^a*a*a*b$"));
  expect(check({ a: "aab" }).kind).toBe("valid");
  expect(check({ a: `${"a".repeat(100_000)}b` }).kind).toBe("invalid");
});
