import fc from "fast-check";
import { expect, test } from "vitest";
import { toPointer, type Json } from "../lib/strict-json.ts";
import { redactAnswer } from "./redact.ts";

const answerOf = (result: object) => ({
  kind: "result" as const,
  text: JSON.stringify(result),
  value: result as Readonly<Record<string, Json>>,
});
const redact = (result: object, ...pointers: readonly string[]) => {
  const outcome = redactAnswer(answerOf(result), "tools/call", pointers);
  if (outcome.kind === "withheld") return `withheld: ${outcome.why}`;
  return outcome.answer.kind === "result" ? (JSON.parse(outcome.answer.text) as object) : "error";
};

test("pointers lead through objects, lists and keys of any kind", () => {
  const structuredContent = { list: [{ a: 1 }, { a: 2 }], "a/b": { "~": { "": true } } };
  expect(redact({ structuredContent }, "/list/1/a", "/a~1b/~0/")).toEqual({
    content: [],
    structuredContent: {
      list: [{ a: 1 }, { a: "[redacted]" }],
      "a/b": { "~": { "": "[redacted]" } },
    },
  });
});

test("a member within another is found before either is replaced", () => {
  expect(redact({ structuredContent: { a: { b: 1 } } }, "/a", "/a/b")).toMatchObject({
    structuredContent: { a: "[redacted]" },
  });
});

test.each([
  ["/list/2"],
  ["/list/01"],
  ["/list/-"],
  ["/list/length"],
  ["/text/0"],
  ["/text/length"],
  ["/number/rawJSON"],
  ["/toString"],
  ["/__proto__"],
  ["/nothing/x"],
])("what is no member of the document makes it be withheld: %s", (pointer) => {
  const document = '{"list":[1,2],"text":"abc","number":1.0,"nothing":null}';
  const content = [{ type: "text", text: document }];
  expect(redact({ content }, pointer)).toBe("withheld: a member is not where the rule says");
});

test("annotations, metadata and unknown members are left out", () => {
  const result = {
    content: [{ type: "text", text: '{"a":1}', annotations: { x: 1 }, _meta: { x: 1 } }],
    isError: false,
    resultType: "complete",
    _meta: { x: 1 },
    other: 1,
  };
  expect(redact(result, "/a")).toEqual({
    resultType: "complete",
    isError: false,
    content: [{ type: "text", text: '{"a":"[redacted]"}' }],
  });
});

test("no value that a pointer leads to is in what is handed over, whatever the document", () => {
  const secret = "the-value-that-must-not-leave";
  const path = fc.array(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(path, fc.jsonValue(), fc.jsonValue(), (keys, beside, other) => {
      let document: unknown = secret;
      for (const key of keys.toReversed())
        document = Object.fromEntries([
          ["beside", beside],
          [key, document],
        ]);
      const outcome = redactAnswer(
        answerOf({
          structuredContent: document as object,
          content: [{ type: "text", text: JSON.stringify(document) }],
          other: other as Json,
        }),
        "tools/call",
        [toPointer(keys)],
      );
      expect(JSON.stringify(outcome)).not.toContain(secret);
      expect(outcome.kind).toBe("redacted");
    }),
  );
});

test("answers that hold no documents are withheld", () => {
  const result = { completion: { values: ["ada@example.com"] } };
  expect(redactAnswer(answerOf(result), "completion/complete", ["/a"])).toEqual({
    kind: "withheld",
    why: "answers of this kind hold no documents",
  });
});
