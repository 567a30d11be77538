import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { toMatcher } from "./uri-template.ts";

const runs = { seed: seed(), numRuns: scaled({ test: 500, prove: 20_000 }) };

/** Template, a URI, and whether it is one of the template's: RFC 6570's own expansions among them. */
const cases: readonly (readonly [string, string, boolean])[] = [
  ["file:///{path}", "file:///notes.txt", true],
  ["file:///{path}", "file:///a/b.txt", false],
  ["file:///{path}", "file:///a?b", false],
  ["file:///{+path}", "file:///a/b.txt", true],
  ["file:///{+path}", "files:///a", false],
  ["{var}", "value", true],
  ["{hello}", "Hello%20World%21", true],
  ["{+path}/here", "/foo/bar/here", true],
  ["{+path}/here", "/foo/bar/there", false],
  ["X{#var}", "X#value", true],
  ["X{.var}", "X.value", true],
  ["X{.x,y}", "X.1024.768", true],
  ["X{.var}", "Xvalue", false],
  ["{/var}", "/value", true],
  ["{/var,x}/here", "/value/1024/here", true],
  ["{;x,y}", ";x=1024;y=768", true],
  ["{?x,y}", "?x=1024&y=768", true],
  ["?fixed=yes{&x}", "?fixed=yes&x=1024", true],
  ["?fixed=yes{&x}", "?fixed=no&x=1024", false],
  ["{/list*}", "/red/green/blue", true],
  ["{?keys*}", "?semi=%3B&dot=.", true],
  ["{var:3}", "val", true],
  ["db://{table}/{id}", "db://users/7", true],
  ["db://{table}/{id}", "db://users/7/secrets", false],
  ["db://{table}/{id}", "db://users", false],
  ["db://{table}/{id}?v={v}", "db://users/7?v=1", true],
  // What a variable without a value expands to.
  ["{?x}", "", true],
  ["a{/b}c", "ac", true],
];

describe("a template", () => {
  test.each(cases)("%s and %s: %s", (template, uri, fits) => {
    expect(toMatcher(template)(uri)).toBe(fits);
  });

  test("without an expression fits itself alone, whatever characters it has", () => {
    const text = fc
      .string({ unit: "binary", maxLength: 40 })
      .filter((each) => !/\{[^{}]*\}/.test(each));
    fc.assert(
      fc.property(text, fc.oneof(text, fc.constant(null)), (template, other) => {
        expect(toMatcher(template)(template)).toBe(true);
        const uri = other ?? `${template}x`;
        expect(toMatcher(template)(uri)).toBe(uri === template);
      }),
      runs,
    );
  });

  const literal = fc.string({
    unit: fc.constantFrom(...Array.from(".*+?|()[]^$\\/-a0")),
    maxLength: 6,
  });
  const value = fc.string({ unit: "binary", maxLength: 5 });

  test("fits what it expands to, and not what stands around that", () => {
    const part = fc.record({ before: literal, value });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), literal, (parts, end) => {
        const template = parts.map(({ before }, index) => `${before}{v${index}}`).join("") + end;
        const uri =
          parts.map(({ before, value: given }) => before + encodeURIComponent(given)).join("") +
          end;
        const matches = toMatcher(`x:${template}:y`);
        expect(matches(`x:${uri}:y`)).toBe(true);
        for (const around of [`ax:${uri}:y`, `x:${uri}:ya`, `\nx:${uri}:y`, `x:${uri}:y\n`])
          expect(matches(around), around).toBe(false);
      }),
      runs,
    );
  });

  test("of any text can be made, and none has a URI that makes it throw", () => {
    const odd = fc.string({
      unit: fc.constantFrom(...Array.from("{}+#/.?&;,*:|%ab\\ \n\ud800")),
      maxLength: 12,
    });
    fc.assert(
      fc.property(odd, odd, (template, uri) => {
        expect(typeof toMatcher(template)(uri)).toBe("boolean");
      }),
      runs,
    );
  });

  test("says the same of the same URI each time it is asked", () => {
    const matches = toMatcher("file:///{+path}");
    expect([1, 2, 3].map(() => matches("file:///a/b"))).toEqual([true, true, true]);
  });

  test("fits no URI that is longer than the gate takes", () => {
    const matches = toMatcher("{+path}");
    expect(matches("x".repeat(8_192))).toBe(true);
    expect(matches("x".repeat(8_193))).toBe(false);
  });
});

test("a template of many runs takes no longer than its length times the URI's", () => {
  const matches = toMatcher(`db://${"{a}".repeat(200)}!`);
  expect(matches(`db://${"a".repeat(8_000)}`)).toBe(false);
  expect(matches(`db://${"a".repeat(8_000)}!`)).toBe(true);
});
