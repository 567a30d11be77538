import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { parseJson, type Json } from "./receipt-json.ts";

const read = (text: string): Json => parseJson(text, "here");

test("whatever JSON there is reads as what it says, and with a key that stands twice as nothing", () => {
  fc.assert(
    fc.property(fc.json(), fc.string(), fc.json(), (inner, key, other) => {
      const name = JSON.stringify(key);
      const once = `{${name}:${inner},${JSON.stringify(`${key}.`)}:[${other}]}`;
      expect(read(once)).toEqual(JSON.parse(once));
      expect(() => read(`{${name}:${inner},${name}:${other}}`)).toThrow("a key stands twice in it");
    }),
    { seed: seed(), numRuns: scaled({ test: 200, prove: 5_000 }) },
  );
});

test("a text that is one long row of escapes is read, up to the bound", () => {
  for (const escaped of ["\n", '"', "\\", '\\":']) {
    const value = { text: escaped.repeat(7_000_000 / escaped.length) };
    expect((read(JSON.stringify(value)) as typeof value).text.length).toBe(value.text.length);
  }
  expect(() => read(JSON.stringify(" ".repeat(16 * 1024 * 1024)))).toThrow("it is longer than");
});
