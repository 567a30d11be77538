import { expect } from "vitest";
import type { ReceiptReport } from "../../src/ledger/verify-receipt.ts";

/** The problem is named with its place, and nothing at all is claimed. */
export async function expectRefused(
  report: Promise<ReceiptReport>,
  problem: RegExp,
): Promise<void> {
  const { problems, ...rest } = await report;
  expect(problems.map(({ place, text }) => `${place}: ${text}`).join("\n")).toMatch(problem);
  expect(rest).toEqual({
    verified: false,
    checkpoint: null,
    keys: [],
    passkeys: [],
    entries: [],
    opened: [],
    proves: [],
    doesNotProve: [],
  });
}
