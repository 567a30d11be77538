import { expect, test } from "vitest";
import { fillReferences, hasOnlyReferences } from "./script-reference.ts";

const results = [
  { tool: "air__search", text: '{"flights":[{"id":"old"}]}' },
  {
    tool: "air__search",
    text: '{"flights":[{"id":"B620","price":429,"stops":null}],"a/b":{"~":true},"":{"":1}}',
  },
  { tool: "notes__read", text: "no JSON" },
];
const fill = (value: Parameters<typeof fillReferences>[0]) => fillReferences(value, results);
const ref = (pointer: string, tool = "air__search") => `{{ result "${tool}" "${pointer}" }}`;

test("a text that is one reference takes the value of the latest result, as it is", () => {
  const wanted = {
    flight: ref("/flights/0/id"),
    deep: [{ price: ref("/flights/0/price") }, ref("/flights/0/stops"), ref("/a~1b/~0")],
    all: ref("/flights"),
    empty: ref("//"),
    plain: "as it is",
    count: 3,
  };
  expect(fill(wanted)).toEqual({
    kind: "filled",
    value: {
      flight: "B620",
      deep: [{ price: 429 }, null, true],
      all: [{ id: "B620", price: 429, stops: null }],
      empty: 1,
      plain: "as it is",
      count: 3,
    },
  });
  expect(fill(ref(""))).toMatchObject({ value: { flights: [{ id: "B620" }] } });
});

test("in a longer text go texts, numbers and truth values, and what they hold is not read again", () => {
  expect(
    fill(`${ref("/flights/0/id")} for $${ref("/flights/0/price")}, ${ref("/a~1b/~0")}`),
  ).toEqual({ kind: "filled", value: "B620 for $429, true" });
  const sly = [{ tool: "air__search", text: JSON.stringify({ a: ref("/b"), b: "$& secret" }) }];
  expect(fillReferences(ref("/a"), sly)).toEqual({ kind: "filled", value: ref("/b") });
  expect(fillReferences(`<${ref("/b")}>`, sly)).toEqual({ kind: "filled", value: "<$& secret>" });
});

test.each([
  [ref("/flights/0/id", "air__book"), "there is no result of air__book yet"],
  [ref("/x", "notes__read"), "is no JSON"],
  [ref("/flights/1/id"), "the result has no /flights/1/id"],
  [ref("/flights/00/id"), "has no"],
  [ref("/flights/-1/id"), "has no"],
  [ref("/flights/length"), "has no"],
  [ref("/__proto__"), "has no"],
  [ref("/constructor/name"), "has no"],
  [ref("/flights/0/id/0"), "has no"],
  [ref("/flights/0/stops/x"), "has no"],
  [`The flights: ${ref("/flights")}`, "nothing else goes into a longer text"],
  [`Stops: ${ref("/flights/0/stops")}`, "nothing else goes into a longer text"],
])("a reference that finds nothing is named: %s", (text, why) => {
  const filled = fill({ args: [text] });
  expect(filled).toEqual({ kind: "missing", why: expect.stringContaining(why) as unknown });
  expect(filled.kind === "missing" && filled.why).toContain('{{ result "');
});

test("whatever begins like a reference has to be one", () => {
  expect(hasOnlyReferences({ a: ["{ one }", ref("/a"), `x ${ref("")} y ${ref("/b/0")}`] })).toBe(
    true,
  );
  for (const wrong of [
    "{{ }}",
    "{{ flight }}",
    '{{ result "a" }}',
    '{{ result "a" "b" }}',
    '{{ result "a" "/~2" }}',
    '{{ result "" "/b" }}',
    '{{ resultat "a" "/b" }}',
    `${ref("/a")} {{`,
  ]) {
    expect(hasOnlyReferences([wrong]), wrong).toBe(false);
  }
});
