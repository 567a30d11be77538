import type { Ledger } from "../../src/ledger/ledger.ts";

const refuse = (): never => {
  throw new Error("no ledger here");
};

/** Where a test asks nothing of it. */
export const noLedger: Ledger = {
  verifiers: [],
  state: refuse,
  consistency: refuse,
  leaves: refuse,
  receipts: refuse,
  receipt: refuse,
  reopen: refuse,
};
