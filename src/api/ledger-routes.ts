import { z } from "zod";
import type { Contract } from "./contract.ts";
import { ledgerSchemas } from "./ledger-schemas.ts";

const auditors = ["admin", "auditor"] as const;
const readers = ["admin", "viewer", "operator", "auditor", "caller"] as const;
const json = ["application/json"] as const;
const whole = (max: number) => z.coerce.number().int().min(0).max(max);
const place = whole(Number.MAX_SAFE_INTEGER);
const epoch = place.optional().describe("The open one when absent.");

/** The record, and what proves it. */
export const ledgerRoutes = {
  listReceipts: {
    method: "GET",
    path: "/v1/receipts",
    summary: "Entries of the ledger, each of which leads to the receipt of its call.",
    access: auditors,
    query: z.object({
      after: z.string().max(64).optional().describe("The last id of the page before."),
      limit: whole(500).prefault(50),
    }),
    answers: { 200: { description: "A page, the latest first.", schema: ledgerSchemas.Receipts } },
  },
  getReceipt: {
    method: "GET",
    path: "/v1/receipts/{id}",
    summary: "Everything that proves a call: what a receipt file holds.",
    access: ["admin", "auditor", "caller"],
    params: z.object({ id: z.string().max(64) }),
    answers: { 200: { description: "The receipt.", schema: ledgerSchemas.Receipt } },
    faults: ["receipt_pending", "record_unreadable"],
  },
  getLedgerCheckpoint: {
    method: "GET",
    path: "/v1/ledger/checkpoint",
    summary: "The latest checkpoint of the tenant's log, and how the log is.",
    access: readers,
    answers: { 200: { description: "How it is.", schema: ledgerSchemas.LedgerState } },
  },
  getLedgerConsistency: {
    method: "GET",
    path: "/v1/ledger/consistency",
    summary: "Proof that the log at one size is the beginning of the log at another.",
    access: readers,
    query: z.object({ from: place, to: place, epoch }),
    answers: { 200: { description: "The proof.", schema: ledgerSchemas.LedgerConsistency } },
    faults: ["record_unreadable"],
  },
  readLedgerEntries: {
    method: "GET",
    path: "/v1/ledger/entries",
    summary: "Entries byte by byte, by their place in the log, beside their hashes.",
    access: auditors,
    query: z.object({
      from: place.describe("A leaf; its whole tile of 256 is returned."),
      limit: whole(4_096).prefault(1_024),
      epoch,
    }),
    answers: { 200: { description: "As many as fit.", schema: ledgerSchemas.LedgerEntries } },
  },
  reopenLedger: {
    method: "POST",
    path: "/v1/ledger/reopen",
    summary: "Begins a new epoch of the log after a restore from a backup, which stays seen.",
    access: ["admin"],
    consumes: json,
    bodyBytes: 8_192,
    answers: { 200: { description: "It began.", schema: ledgerSchemas.LedgerReopened } },
  },
} as const satisfies Contract;
