import { z } from "zod";
import type { KeyHolder } from "../authority/keyring.ts";
import { entryIdSchema, Fault, toSubjectKey, type EntryId } from "../model/index.ts";
import type { Ledger, ReceiptSummary } from "../ledger/ledger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Answers } from "./contract.ts";
import type { ledgerRoutes } from "./ledger-routes.ts";
import { parseBody } from "./parse-body.ts";
import { principalOf } from "./tenant-of.ts";

export interface LedgerAnswersOptions {
  readonly ledger: Ledger;
  readonly telemetry: Telemetry;
}

const reopening = z.strictObject({
  reason: z.string().min(1).max(1_000),
  force: z.boolean().prefault(false),
});

export function createLedgerAnswers(options: LedgerAnswersOptions): Answers<typeof ledgerRoutes> {
  const { ledger, telemetry } = options;
  return {
    listReceipts: async ({ query, holder }) => {
      const { limit } = query;
      const after = query.after === undefined ? null : parseId("after", query.after);
      const { tenant } = principalOf(holder);
      const found = await ledger.receipts({ tenant, after, limit: limit + 1 });
      const page = found.slice(0, limit);
      const next = found.length > limit ? (page.at(-1)?.id ?? null) : null;
      return { status: 200, body: { receipts: page.map(toShown), next } };
    },
    getReceipt: async ({ params, holder, signal }) => {
      const id = parseId("id", params.id);
      const { tenant } = principalOf(holder);
      const receipt = await ledger.receipt({ tenant, id, subject: toSubject(holder), signal });
      const { v, checkpoint } = receipt;
      const entries = receipt.entries.map((entry) => ({ ...entry, path: [...entry.path] }));
      return { status: 200, body: { v, entries, checkpoint, openings: [...receipt.openings] } };
    },
    getLedgerCheckpoint: async ({ holder }) => {
      const { epochs, ...state } = await ledger.state(principalOf(holder).tenant);
      const open = epochs.find((each) => each.open) ?? null;
      return {
        status: 200,
        body: {
          ...state,
          origin: open?.origin ?? null,
          size: open?.size ?? 0,
          checkpoint: open?.checkpoint ?? null,
          keys: [...ledger.verifiers],
          epochs: [...epochs],
        },
      };
    },
    getLedgerConsistency: async ({ query: { from, to, epoch = null }, holder }) => {
      const { tenant } = principalOf(holder);
      const { origin, proof } = await ledger.consistency({ tenant, epoch, from, to });
      return { status: 200, body: { origin, from, to, proof: [...proof] } };
    },
    readLedgerEntries: async ({ query: { from, limit, epoch = null }, holder }) => {
      const { tenant } = principalOf(holder);
      const { tiles, ...log } = await ledger.leaves({ tenant, epoch, from, limit });
      return { status: 200, body: { ...log, tiles: tiles.map(toTile) } };
    },
    reopenLedger: async ({ body, holder }) => {
      const { reason, force } = parseBody(reopening, body);
      const { tenant } = principalOf(holder);
      const reopened = await ledger.reopen({ tenant, force });
      telemetry.log("warn", "a ledger was reopened", {
        ...reopened,
        tenant,
        reason,
        by: holder?.id,
      });
      return { status: 200, body: { ...reopened } };
    },
  };
}

/** Whoever only calls sees what it called itself, or what was called for it. */
function toSubject(holder: KeyHolder | null): string | null {
  const seesAll = holder?.access.some((role) => role === "admin" || role === "auditor") ?? false;
  return seesAll ? null : toSubjectKey(principalOf(holder));
}

function parseId(place: string, text: string): EntryId {
  const parsed = entryIdSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new Fault("request_invalid", `${place} takes the id of an entry.`);
}

function toShown({ atMs, ...summary }: ReceiptSummary) {
  return { ...summary, at: new Date(atMs).toISOString() };
}

function toTile({
  index,
  hashes,
  entries,
}: Awaited<ReturnType<Ledger["leaves"]>>["tiles"][number]) {
  return {
    index,
    hashes: Buffer.from(hashes).toString("base64"),
    entries: entries.map(({ id, bytes }) => ({ id, bytes: Buffer.from(bytes).toString("base64") })),
  };
}
