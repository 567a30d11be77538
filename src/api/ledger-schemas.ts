import { z } from "zod";
import { digestSchema } from "../model/index.ts";

const epoch = z.object({
  origin: z.string().describe("Installation, tenant and epoch, as they stand in checkpoints."),
  epoch: z.int(),
  size: z.int(),
  open: z.boolean().describe("One epoch is; a restore from a backup ends it and begins another."),
  checkpoint: z.string().nullable().describe("A signed note; null while nothing was signed."),
});

const summary = z.object({
  id: z.string().describe("Of the entry; any entry of a call leads to its receipt."),
  kind: z.string(),
  server: z.string().nullable(),
  tool: z.string().nullable(),
  outcome: z.string().nullable(),
  at: z.iso.datetime(),
  index: z.int().nullable().describe("Its place in the log; null while it has none."),
});

const opening = z.object({
  of: z.enum(["intent", "args", "result", "verdict"]),
  commitment: digestSchema,
  salt: z.string().optional(),
  value: z.unknown(),
});

export const ledgerSchemas = {
  LedgerState: z.object({
    state: z
      .enum(["empty", "sound", "behind", "forked"])
      .describe("forked: what is kept outside says otherwise, so nothing is signed."),
    reason: z.string().nullable(),
    origin: z.string().nullable(),
    size: z.int(),
    checkpoint: z.string().nullable().describe("The latest signed note of the open epoch."),
    keys: z.array(z.string()).describe("Verifier keys, the newest first."),
    waiting: z.int().describe("Entries that no log has yet; counting ends at a thousand."),
    epochs: z.array(epoch).describe("The open one first."),
  }),
  LedgerConsistency: z.object({
    origin: z.string(),
    from: z.int(),
    to: z.int(),
    proof: z.array(z.string()).describe("Hashes in hex, as RFC 9162 lists them."),
  }),
  LedgerEntries: z.object({
    origin: z.string(),
    epoch: z.int(),
    size: z.int(),
    tiles: z.array(
      z.object({
        index: z.int().describe("Of 256 leaves each."),
        hashes: z.string().describe("Leaf hashes as they were taken in, base64."),
        entries: z
          .array(z.object({ id: z.string(), bytes: z.string() }))
          .describe("Entries as they are now, base64."),
      }),
    ),
  }),
  LedgerReopened: z.object({
    origin: z.string().describe("Of the new epoch."),
    gap: z.string().describe("What its first entry says of the old one."),
  }),
  Receipts: z.object({
    receipts: z.array(summary).describe("The latest first."),
    next: z.string().nullable().describe("What to ask for as `after`; null on the last page."),
  }),
  Receipt: z.object({
    v: z.literal(1),
    entries: z.array(
      z.object({
        bytes: z.string().describe("Base64."),
        index: z.int(),
        path: z.array(z.string()).describe("Sibling hashes in hex, from the leaf up."),
      }),
    ),
    checkpoint: z.string().describe("A signed note."),
    openings: z.array(opening).describe("What digests stand for, as far as it is still kept."),
  }),
} as const;
