import { expect, test } from "vitest";
import { createTimeScale } from "./time-scale.ts";

test("time is shown as it went, but for what is long and empty", () => {
  const scale = createTimeScale(
    [
      { fromMs: 0, toMs: 1_000 },
      { fromMs: 1_500, toMs: 2_000 },
      { fromMs: 3_600_000, toMs: 3_602_000 },
    ],
    40,
  );
  expect(scale.width).toBe(40);
  expect(scale.idle).toHaveLength(1);
  const columns = [0, 500, 1_000, 1_500, 2_000, 1_000_000, 3_600_000, 3_602_000].map((atMs) =>
    scale.toColumn(atMs),
  );
  expect(columns).toEqual(columns.toSorted((one, other) => one - other));
  expect(columns.at(-1)).toBeCloseTo(40);
  // A moment alone has a column, too.
  expect(createTimeScale([{ fromMs: 5, toMs: 5 }], 40).width).toBe(1);
  expect(createTimeScale([], 40).width).toBe(1);
});
