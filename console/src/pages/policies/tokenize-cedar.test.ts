import fc from "fast-check";
import { expect, test } from "vitest";
import { splitRules } from "./split-rules.ts";
import { tokenizeCedar } from "./tokenize-cedar.ts";

const text = `// Money; or none.
@id("pay/ask")
@ask("Above 500; ask.")
forbid (principal in Role::"default/payer", action == Action::"bank__pay", resource)
when { context.args.amount.greaterThan(decimal("500.0")) && context.n > 3 };

permit (principal, action, resource);
// The end.
`;

test("rules end at semicolons that stand in no text and no comment", () => {
  expect(splitRules(text).map(({ id, effect, line }) => ({ id, effect, line }))).toEqual([
    { id: "pay/ask", effect: "forbid", line: 2 },
    { id: null, effect: "permit", line: 7 },
  ]);
});

test("words, names and texts are told apart", () => {
  const kinds = new Map(tokenizeCedar(text).map(({ kind, text: each }) => [each, kind]));
  expect(Object.fromEntries(kinds)).toMatchObject({
    "// Money; or none.": "comment",
    "@ask": "annotation",
    '"Above 500; ask."': "string",
    forbid: "keyword",
    principal: "variable",
    Role: "entity",
    "3": "number",
  });
});

test("nothing of a text is lost or made up, whatever it is", () => {
  const piece = fc.constantFrom('"', "\\", "//", "\n", "@id", "permit", "A::", ";", " ", "7", "é");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((all) => all.join("")),
      ),
      (any) => {
        expect(
          tokenizeCedar(any)
            .map((token) => token.text)
            .join(""),
        ).toBe(any);
      },
    ),
  );
});
