import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { toExposedName } from "./tool-name.ts";

test.each([
  ["flights", "search", "flights__search"],
  ["flights", "search_bookings", "flights__search_bookings"],
  ["s", "x".repeat(61), `s__${"x".repeat(61)}`],
  ["s", "x".repeat(62), `s__${"x".repeat(48)}_8531b395e86f`],
  ["s", "a.b/c", "s__a_b_c_4013f02aac2d"],
])("%s and %s are offered as %s", (server, tool, exposed) => {
  expect(toExposedName(server, tool)).toBe(exposed);
});

test.each([
  ["a__b", "c", "a", "b__c"],
  ["a_", "b", "a", "_b"],
  ["a", "b.c", "a", "b_c"],
])("%s with %s is not %s with %s", (server, tool, server2, tool2) => {
  expect(toExposedName(server, tool)).not.toBe(toExposedName(server2, tool2));
});

test("a tool cannot take the shortened name of another of its server", () => {
  const shortened = toExposedName("s", "x".repeat(90));
  expect(toExposedName("s", shortened.slice("s__".length))).not.toBe(shortened);
});

test("an exposed name is short, safe, and its own", () => {
  const names = fc.string({ unit: "grapheme", minLength: 1, maxLength: 90 });
  const odd = fc.constantFrom("a", "a_", "a__b", "b", "_b", "__b", "é", "e", "x".repeat(80));
  const name = fc.oneof(names, odd);
  fc.assert(
    fc.property(name, name, name, name, (server, tool, server2, tool2) => {
      const exposed = toExposedName(server, tool);
      expect(exposed).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      const isSame = server === server2 && tool === tool2;
      expect(exposed === toExposedName(server2, tool2)).toBe(isSame);
    }),
    { numRuns: scaled({ test: 500, prove: 10_000 }), seed: seed() },
  );
});
