import { expect, test } from "vitest";
import { faults, type FaultEntry } from "./faults.ts";

test("faults are well formed", () => {
  for (const [code, { status, rpc, exit, hint }] of Object.entries<FaultEntry>(faults)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(rpc).toBeLessThan(0);
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 75]).toContain(exit);
    expect(hint).toMatch(/\.$/);
  }
});
