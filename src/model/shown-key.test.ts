import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { configJsonSchema } from "./config-complaint.ts";
import { toShownKey } from "./shown-key.ts";

/** Every key that the configuration knows, however deep. */
function listKeys(schema: unknown): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties } = schema as { readonly properties?: object };
  return [...Object.keys(properties ?? {}), ...Object.values(schema).flatMap(listKeys)];
}

test("the keys of the configuration are shown, and names as people give them", () => {
  const keys = listKeys(configJsonSchema);
  expect(keys.length).toBeGreaterThan(100);
  expect(keys.filter((key) => toShownKey(key) !== key)).toEqual([]);
  for (const name of [
    "web__look",
    "x-token",
    "drain_time",
    "DATABASE_URL",
    "github-issues-2",
    "read_file",
    "sha256",
    "v2",
    "API_KEY",
    "payments-eu",
    "a",
    "__proto__",
  ])
    expect(toShownKey(name)).toBe(name);
  expect(toShownKey("<<")).toBe('"<<"');
});

test.each([
  ["canary/5d81+f0c2=9b?67&e3a4", 27],
  ["ghp_16C7e42F292c6912E7710c838347Ae178B4a", 40],
  ["github_pat_11ABCDEFG0aBcDeFgHiJkL", 33],
  ["sk-proj-4f9aQ2LrT8bVn3Xk", 24],
  ["AKIAIOSFODNN7EXAMPLE", 20],
  ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 40],
  ["eyJhbGciOiJIUzI1NiJ9", 20],
  ["JBSWY3DPEHPK3PXP", 16],
  ["d9428888-122b-11e1-b85c-61cd3cbb3210", 36],
  ["4111111111111111", 16],
  ["hunter2 hunter2", 15],
  ["pass.word", 9],
  ["postgres://user:hunter2@db.example/main", 39],
  ["a".repeat(41), 41],
  ["pässwort", 8],
])("%s is not repeated", (key, length) => {
  expect(toShownKey(key)).toBe(`(a key of ${length} characters)`);
});

test("a slip of the key that was meant is shown, and nothing that only begins like it", () => {
  const slips = listKeys(configJsonSchema).flatMap((key) =>
    key
      .split("")
      .slice(1)
      .flatMap((letter, at) => {
        const [head, here, rest] = [key.slice(0, at), key[at]!, key.slice(at + 2)];
        const other = here === here.toLowerCase() ? here.toUpperCase() : here.toLowerCase();
        return [`${letter}${here}`, letter, `${here}${here}${letter}`, `${other}${letter}`].map(
          (slip) => ({ key, slip: `${head}${slip}${rest}` }),
        );
      }),
  );
  expect(slips.length).toBeGreaterThan(1_000);
  expect(slips.filter(({ key, slip }) => toShownKey(slip, key) !== slip)).toEqual([]);
  expect(toShownKey("url9f8a7d6c5b4", "url")).toBe("(a key of 14 characters)");
  expect(toShownKey("hunter2 hunter2", "hunter hunter2")).toBe("(a key of 15 characters)");
});

test("what is empty or no word is counted", () => {
  expect(toShownKey("")).toBe("(a key of 0 characters)");
  expect(toShownKey(" ")).toBe("(a key of 1 character)");
});

test("property: a key is shown whole or not at all, and never when it is no name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), (key) => {
      const shown = toShownKey(key);
      if (shown === key) expect(key).toMatch(/^[\w-]{1,40}$/);
      else expect(shown.replace(/^\(a key of \d+ characters?\)$/, "")).toBe("");
    }),
    { seed: seed(), numRuns: scaled({ test: 500, prove: 50_000 }) },
  );
});

test("of tokens as programs draw them, hardly any is taken for a name", () => {
  const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const tokens = fc.sample(
    fc.noBias(
      fc.string({ unit: fc.constantFrom(...characters.split("")), minLength: 20, maxLength: 40 }),
    ),
    { seed: seed(), numRuns: 5_000 },
  );
  expect(tokens.filter((token) => toShownKey(token) === token).length).toBeLessThan(25);
});
