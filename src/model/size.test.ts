import fc from "fast-check";
import { expect, test } from "vitest";
import { seed } from "../../test/scale.ts";
import { formatSize, parseSize } from "./size.ts";

test.each([
  ["0B", 0],
  ["512B", 512],
  ["16KiB", 16_384],
  ["64MiB", 67_108_864],
  ["1GiB", 1_073_741_824],
])("%s is %d bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(["", "64", "64MB", "64 MiB", "64mib", "1.5MiB", "-1B", "999999999999TiB"])(
  "%j is no size",
  (text) => {
    expect(parseSize(text)).toBeNull();
  },
);

test("every size has one canonical spelling that reads back", () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(1, 1024, 2 ** 20), (count, unit) => {
      expect(parseSize(formatSize(count * unit))).toBe(count * unit);
    }),
    { seed: seed() },
  );
  expect(formatSize(65_536)).toBe("64KiB");
});
