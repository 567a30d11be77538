import type { TenantId } from "../model/index.ts";
import { Fault } from "../model/index.ts";
import type { Checkpoints } from "../ports/checkpoints.ts";
import type { LogHead, LogRows } from "../ports/log-rows.ts";
import { toOrigin } from "./checkpoint.ts";
import type { LedgerKeys, OpenedNote } from "./ledger-keys.ts";
import { createTileReader, readRootAt } from "./log-tiles.ts";

export interface JudgeOptions {
  readonly log: LogRows;
  readonly keys: LedgerKeys;
  readonly checkpoints: Checkpoints;
}

/** Forked: what the database holds is not what was signed, so nothing more of it is. */
export type Standing =
  | { readonly kind: "sound" }
  | { readonly kind: "forked"; readonly reason: string };

const sound: Standing = Object.freeze({ kind: "sound" });
const forked = (reason: string): Standing => ({ kind: "forked", reason });

/** A head that this process signed, or saw to go on from what was signed. */
export interface KnownHead {
  readonly epoch: number;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Compares a log with the checkpoint of it that is kept outside the database. */
export async function judgeLog(
  options: JudgeOptions,
  place: { readonly tenant: TenantId; readonly head: LogHead | null },
  known: KnownHead | null = null,
): Promise<Standing> {
  const { tenant } = place;
  const note = await options.checkpoints.latest(tenant);
  if (note === null) return judgeOwnNote(options, place.head);
  const kept = await options.keys.open(note);
  if ("refused" in kept) {
    return forked(`the checkpoint that is kept outside cannot be believed (${kept.refused})`);
  }
  if (kept.tenant !== tenant) return forked(`what is kept is a checkpoint of ${kept.origin}`);
  // What is kept may have gone on since the head was read: then it is read again.
  const [head = null] = isBehind(place.head, kept) ? await options.log.heads(tenant) : [place.head];
  if (head === null || kept.epoch > head.epoch) {
    return forked(`the database knows nothing of ${kept.origin}, signed at size ${kept.size}`);
  }
  if (kept.epoch < head.epoch) {
    // Opened with our keys, at another replica: else anybody could who writes to the database.
    if (head.signed !== null) return judgeOwnNote(options, head);
    return forked(`after ${kept.origin} another epoch was opened, and none of our keys signed it`);
  }
  if (kept.size > head.size) {
    return forked(
      `${kept.origin} was signed at size ${kept.size}, and the database has ${head.size}`,
    );
  }
  if (known !== null && isSame(known, kept)) return sound;
  return judgeRoot(options, head, kept);
}

/** Where nothing is kept, what the database says was signed has to hold. */
async function judgeOwnNote(options: JudgeOptions, head: LogHead | null): Promise<Standing> {
  if (head === null || head.signed === null) return sound;
  const opened = await options.keys.open(head.signed.note);
  if ("refused" in opened) {
    return forked(
      `the database's own checkpoint was not signed with ledger.signingKeys (${opened.refused})`,
    );
  }
  const origin = toOrigin({ installation: options.keys.installation, ...head });
  if (opened.origin !== origin || opened.size !== head.signed.size || opened.size > head.size) {
    return forked(`the database's own checkpoint is of ${opened.origin} at size ${opened.size}`);
  }
  return judgeRoot(options, head, opened);
}

async function judgeRoot(
  { log, keys }: JudgeOptions,
  head: LogHead,
  signed: OpenedNote,
): Promise<Standing> {
  const origin = toOrigin({ installation: keys.installation, ...head });
  if (signed.origin !== origin) return forked(`what was signed is ${signed.origin}`);
  const root = await readRootUnlessBroken(log, head, signed.size);
  if (root !== null && Buffer.compare(root, signed.root) === 0) return sound;
  return forked(`at size ${signed.size} the database has another tree than was signed`);
}

async function readRootUnlessBroken(
  log: LogRows,
  head: LogHead,
  size: number,
): Promise<Uint8Array | null> {
  try {
    return await readRootAt(createTileReader(log, head), size);
  } catch (error) {
    if (error instanceof Fault && error.code === "record_unreadable") return null;
    throw error;
  }
}

function isBehind(head: LogHead | null, kept: OpenedNote): boolean {
  if (head === null || head.epoch < kept.epoch) return true;
  return head.epoch === kept.epoch && head.size < kept.size;
}

function isSame(known: KnownHead, kept: OpenedNote): boolean {
  return (
    known.epoch === kept.epoch &&
    known.size === kept.size &&
    Buffer.compare(known.root, kept.root) === 0
  );
}
