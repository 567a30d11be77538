import { describe, expect, test } from "vitest";
import type { Random } from "../../src/ports/random.ts";

export function describeRandom(name: string, make: () => Random): void {
  describe(`random: ${name}`, () => {
    test("bytes are as many as asked for, and spread over all values", () => {
      const random = make();
      expect(random.bytes(0)).toHaveLength(0);
      expect(new Set(random.bytes(16_384)).size).toBe(256);
      expect(random.bytes(16)).not.toEqual(random.bytes(16));
    });

    test("fractions lie in [0, 1) around the middle", () => {
      const random = make();
      const drawn = Array.from({ length: 10_000 }, () => random.fraction());
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...drawn)).toBeLessThan(1);
      // The mean of 10,000 has a deviation of 0.003; this is ten of them.
      expect(Math.abs(drawn.reduce((sum, one) => sum + one, 0) / drawn.length - 0.5)).toBeLessThan(
        0.03,
      );
    });
  });
}
