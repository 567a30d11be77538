import { Fault, type EntryId, type Receipt, type TenantId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Openings } from "../ports/openings.ts";
import {
  lost,
  readCallEntries,
  type CallAsked,
  type CallEntries,
  type CallEntriesOptions,
} from "./call-entries.ts";
import { readNote } from "./ledger-keys.ts";
import { createTileReader } from "./log-tiles.ts";
import { proveInclusion } from "./proofs.ts";
import { readOpenings } from "./receipt-openings.ts";
import { verifyInclusion } from "./signed-head.ts";
import { toLeaf } from "./tree.ts";

export interface ReceiptOptions extends CallEntriesOptions {
  readonly openings: Openings;
  readonly clock: Clock;
}

export interface ReceiptAsked extends CallAsked {
  readonly signal: AbortSignal;
}

/** A second for the sequencer, and some for its work. */
const waitMs = 3_000;
const lookEveryMs = 100;

export async function readReceipt(options: ReceiptOptions, asked: ReceiptAsked): Promise<Receipt> {
  const found = await readCallEntries(options, asked);
  const proven = await whenSigned(options, asked, found);
  const { subject } = asked;
  return {
    v: 1,
    entries: proven.leaves,
    checkpoint: proven.note,
    openings: await readOpenings(options.openings, { ...found, ...proven, subject }),
  };
}

interface Proven {
  readonly leaves: Receipt["entries"];
  readonly entries: CallEntries["entries"];
  readonly note: string;
}

/** Once a checkpoint covers all of them; what takes too long is pending. */
async function whenSigned(
  options: ReceiptOptions,
  { tenant, signal }: ReceiptAsked,
  found: CallEntries,
): Promise<Proven> {
  const { clock } = options;
  const untilMs = clock.monotonicMs() + waitMs;
  for (;;) {
    const proven = await prove(options, tenant, found);
    if (proven !== null) return proven;
    if (clock.monotonicMs() >= untilMs) {
      throw new Fault("receipt_pending", "No checkpoint covers this call yet.");
    }
    await clock.sleep(lookEveryMs, signal);
  }
}

async function prove(
  { log }: ReceiptOptions,
  tenant: TenantId,
  { entries, verdicts }: CallEntries,
): Promise<Proven | null> {
  const heads = await log.heads(tenant);
  const ids = entries.map(({ id }) => id);
  const places = await log.locate(tenant, ids);
  const leaves = places.map((place, at) => place ?? lost(entries[at]!.id)).map(({ leaf }) => leaf);
  // A call may go on after a restore. What a receipt holds is in one tree: that of what follows its
  // verdicts, the intent or the outcome of a read.
  const epoch = leaves[verdicts.length]?.epoch;
  const signed = heads.find((head) => head.epoch === epoch)?.signed ?? null;
  const said = signed === null ? null : readNote(signed.note);
  if (epoch === undefined || signed === null || said === null) return null;
  const covered = leaves.flatMap((leaf, at) =>
    leaf !== null && leaf.epoch !== epoch ? [] : [{ index: leaf?.index ?? null, at }],
  );
  if (covered.some(({ index }) => index === null || index >= said.size)) return null;
  const reader = createTileReader(log, { tenant, epoch });
  const proven = await Promise.all(
    covered.map(async ({ index, at }) => {
      const { id, bytes } = entries[at]!;
      const place = { index: index!, size: said.size };
      const path = await proveInclusion(reader, place);
      const holds = await verifyInclusion({ leaf: toLeaf(bytes), ...place, path, root: said.root });
      if (!holds) throw altered(id);
      return {
        bytes: Buffer.from(bytes).toString("base64"),
        index: index!,
        path: path.map((hash) => Buffer.from(hash).toString("hex")),
      };
    }),
  );
  return { leaves: proven, entries: covered.map(({ at }) => entries[at]!), note: signed.note };
}

function altered(id: EntryId): Fault {
  const message = `Entry ${id} is not what was taken into the log: it cannot be proven.`;
  return new Fault("record_unreadable", message, { details: { id } });
}
