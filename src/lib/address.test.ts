import { isIP } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { seed } from "../../test/scale.ts";
import { classifyAddress, parseAddress } from "./address.ts";

const word = fc.oneof(
  fc.constantFrom("", "0", "::", "ffff", "64", "ff9b", "2002", "2001", "fe80", "00001", "g", "%lo"),
  fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16)),
);
const quad = fc
  .array(fc.oneof(fc.nat(300).map(String), fc.constantFrom("", "01", "0x7f")), {
    minLength: 3,
    maxLength: 5,
  })
  .map((parts) => parts.join("."));
const spelled = fc.oneof(
  quad,
  fc.array(word, { maxLength: 9 }).map((words) => words.join(":")),
  fc.tuple(fc.array(word, { maxLength: 7 }), quad).map(([words, v4]) => [...words, v4].join(":")),
);

test("what is read as an address is what Node connects to as one", () => {
  fc.assert(
    fc.property(spelled, (text) => {
      expect(parseAddress(text) !== null).toBe(isIP(text) !== 0);
    }),
    { seed: seed(), numRuns: 2_000 },
  );
});

test("every spelling of an IPv6 address has the value that the URL parser gives it", () => {
  const words = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(words, (each) => {
      const long = each.map((one) => one.toString(16).padStart(4, "0")).join(":");
      const short = new URL(`http://[${long}]/`).hostname.slice(1, -1);
      expect(parseAddress(short)).toEqual(parseAddress(long));
      expect(classifyAddress(short)).toBe(classifyAddress(long.toUpperCase()));
    }),
    { seed: seed(), numRuns: 500 },
  );
});

test.each(["", "localhost", "127.1", "0177.0.0.1", "2130706433", "[::1]", "1::2::3", "::1%"])(
  "%j is no address, and so nowhere",
  (text) => {
    expect(parseAddress(text)).toBeNull();
    expect(classifyAddress(text)).toBe("forbidden");
  },
);
