import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { resource, tool } from "../../test/context/sources-scene.ts";
import { estimateTokens } from "../model/skill-text.ts";
import { toMessage } from "./to-request.ts";
import { fitSource, toServersWords } from "./source-text.ts";
import { toDigest } from "../model/index.ts";

const source = (budget: number) => ({ name: "orders", owner: "support", budget });
const part = { kind: "source", digest: toDigest(""), step: 0, ordinal: 0 } as const;

test("a source takes no more of the window than its budget, heading and all", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary", maxLength: 4_000 }), fc.string({ maxLength: 4_000 })),
      fc.integer({ min: 64, max: 900 }),
      fc.boolean(),
      (text, budget, isError) => {
        const { content, tokens, cut } = fitSource(source(budget), { text, isError });
        const shown = toMessage(part, content).text;
        expect(tokens).toBe(estimateTokens(shown));
        expect(tokens).toBeLessThanOrEqual(budget);
        expect(shown.isWellFormed()).toBe(true);
        expect(cut > 0).toBe(content.text.endsWith("tokens are left out)"));
      },
    ),
    { seed: seed(), numRuns: scaled({ test: 300, prove: 10_000 }) },
  );
});

test("what nobody would see is named, and a heading is shown whatever the budget is", () => {
  const hidden = fitSource(source(200), { text: "a\u{e0041}b\u202ec", isError: false });
  expect(hidden.content.text).toBe("a⟦U+E0041⟧b⟦U+202E⟧c");
  const { content, cut } = fitSource(source(16), { text: "x".repeat(1e6), isError: false });
  expect(content.text).toBe("\n(cut: 250000 of 250000 tokens are left out)");
  expect(cut).toBe(250_000);
});

test("of a resource only what was asked for is taken, and bytes are named", () => {
  const uri = "docs://returns";
  const read = (...contents: readonly object[]) =>
    toServersWords(resource("a"), JSON.stringify({ contents }));
  expect(
    read({ uri, text: "one" }, { uri: "docs://other", text: "two" }, { uri, blob: "AA==" }),
  ).toEqual({ text: "one\n(bytes, not shown)", isError: false });
  expect(read({ uri: `${uri}/`, text: "two" })).toMatchObject({ isError: true });
  expect(read()).toMatchObject({ isError: true });
  expect(toServersWords(tool("a"), '{"structuredContent":{"n":1}}').text).toBe('{"n":1}');
});
