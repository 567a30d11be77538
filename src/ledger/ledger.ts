import {
  Fault,
  fromEntryBytes,
  type EntryId,
  type Receipt,
  type TenantId,
} from "../model/index.ts";
import type { LeafTile, LogEntry, LogHead } from "../ports/log-rows.ts";
import { toOrigin } from "./checkpoint.ts";
import { judgeLog } from "./judge-log.ts";
import { createTileReader } from "./log-tiles.ts";
import { proveConsistency } from "./proofs.ts";
import { readReceipt, type ReceiptAsked, type ReceiptOptions } from "./receipts.ts";
import { reopenLog, type Reopened, type ReopenOptions } from "./reopen-log.ts";
import { tileWidth } from "./tiles.ts";

export interface LedgerOptions extends ReceiptOptions, ReopenOptions {}

/** What is asked of the ledger, whoever writes it. */
export interface Ledger {
  readonly verifiers: readonly string[];
  state(tenant: TenantId): Promise<LedgerState>;
  consistency(asked: ConsistencyAsked): Promise<{
    readonly origin: string;
    readonly proof: readonly string[];
  }>;
  leaves(asked: LeavesAsked): Promise<Leaves>;
  receipts(asked: ReceiptsAsked): Promise<readonly ReceiptSummary[]>;
  receipt(asked: ReceiptAsked): Promise<Receipt>;
  reopen(asked: { readonly tenant: TenantId; readonly force: boolean }): Promise<Reopened>;
}

export interface LedgerState {
  readonly state: "empty" | "sound" | "behind" | "forked";
  readonly reason: string | null;
  /** Entries that no log has yet; counting ends at a thousand. */
  readonly waiting: number;
  /** The open one first. */
  readonly epochs: readonly LedgerEpoch[];
}

export interface LedgerEpoch {
  readonly origin: string;
  readonly epoch: number;
  readonly size: number;
  readonly open: boolean;
  readonly checkpoint: string | null;
}

export interface ConsistencyAsked {
  readonly tenant: TenantId;
  readonly epoch: number | null;
  readonly from: number;
  readonly to: number;
}

export interface LeavesAsked {
  readonly tenant: TenantId;
  readonly epoch: number | null;
  /** A leaf: its whole tile is returned, and those after it. */
  readonly from: number;
  readonly limit: number;
}

export interface Leaves {
  readonly origin: string;
  readonly epoch: number;
  readonly size: number;
  readonly tiles: readonly LeafTile[];
}

export interface ReceiptsAsked {
  readonly tenant: TenantId;
  readonly after: EntryId | null;
  readonly limit: number;
}

export interface ReceiptSummary {
  readonly id: EntryId;
  readonly kind: string;
  readonly server: string | null;
  readonly tool: string | null;
  /** Of an outcome or a resolution; the word of a verdict. */
  readonly outcome: string | null;
  readonly atMs: number;
  /** Its place in the log; null while it has none. */
  readonly index: number | null;
}

/** What waits longer than that is said to be behind. */
const behindMs = 10_000;
const maxTiles = 16;
const leavesBytes = 8 * 1024 * 1024;

export function createLedger(options: LedgerOptions): Ledger {
  const { log, keys } = options;
  const originOf = (head: LogHead): string =>
    toOrigin({ installation: keys.installation, tenant: head.tenant, epoch: head.epoch });

  async function headOf(tenant: TenantId, epoch: number | null): Promise<LogHead> {
    const heads = await log.heads(tenant);
    const head = heads.find((each) => (epoch === null ? each.isOpen : each.epoch === epoch));
    if (head !== undefined) return head;
    throw new Fault("not_found", "There is no such log.", { details: { epoch } });
  }

  return {
    verifiers: keys.verifiers,
    state: (tenant) => readState(options, tenant, originOf),
    async consistency({ tenant, epoch, from, to }) {
      const head = await headOf(tenant, epoch);
      if (from > to || to > head.size) {
        throw new Fault("request_invalid", `The log has ${head.size} entries; from ≤ to ≤ that.`);
      }
      const proof = await proveConsistency(createTileReader(log, head), { from, to });
      return {
        origin: originOf(head),
        proof: proof.map((hash) => Buffer.from(hash).toString("hex")),
      };
    },
    async leaves({ tenant, epoch, from, limit }) {
      const head = await headOf(tenant, epoch);
      const fromTile = Math.floor(from / tileWidth);
      const count = Math.min(Math.ceil((from + limit) / tileWidth) - fromTile, maxTiles);
      const tiles = await log.readLeaves(head, { fromTile, tiles: count });
      return { origin: originOf(head), epoch: head.epoch, size: head.size, tiles: cut(tiles) };
    },
    receipts: (asked) => listReceipts(options, asked),
    receipt: (asked) => readReceipt(options, asked),
    reopen: (asked) => reopenLog(options, asked),
  };
}

async function readState(
  options: LedgerOptions,
  tenant: TenantId,
  originOf: (head: LogHead) => string,
): Promise<LedgerState> {
  const { log, clock } = options;
  const heads = await log.heads(tenant);
  const epochs = heads.map((head) => ({
    origin: originOf(head),
    epoch: head.epoch,
    size: head.size,
    open: head.isOpen,
    checkpoint: head.signed?.note ?? null,
  }));
  const standing = await judgeLog(options, { tenant, head: heads[0] ?? null });
  const due = await log.dueOf(tenant);
  const waiting = due?.waiting ?? 0;
  if (standing.kind === "forked")
    return { state: "forked", reason: standing.reason, waiting, epochs };
  const sinceMs = due === null || due.oldest === null ? null : toTimeMs(due.oldest);
  if (sinceMs !== null && clock.nowMs() - sinceMs > behindMs) {
    const reason = "entries wait to be taken in; the log of the server that leads says why";
    return { state: "behind", reason, waiting, epochs };
  }
  return { state: heads.length === 0 ? "empty" : "sound", reason: null, waiting, epochs };
}

const toTimeMs = (id: EntryId): number => Number.parseInt(id.replace("-", "").slice(0, 12), 16);

/** An answer has a bound; whoever wants more asks for the rest. */
function cut(tiles: readonly LeafTile[]): readonly LeafTile[] {
  let bytes = 0;
  const kept = tiles.findIndex(({ entries }, at) => {
    bytes += entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
    return at > 0 && bytes > leavesBytes;
  });
  return kept < 0 ? tiles : tiles.slice(0, kept);
}

async function listReceipts(
  { log }: LedgerOptions,
  { tenant, after, limit }: ReceiptsAsked,
): Promise<readonly ReceiptSummary[]> {
  const page = { limit, ...(after === null ? {} : { before: after }) };
  const entries = await log.latest(tenant, page);
  const ids = entries.map(({ id }) => id);
  const places = await log.locate(tenant, ids);
  return entries.map((entry, at) => toSummary(entry, places[at]?.leaf?.index ?? null));
}

/** Bytes that are no entry any more are listed as what they are. */
function toSummary({ id, bytes }: LogEntry, index: number | null): ReceiptSummary {
  const none = { server: null, tool: null, outcome: null };
  const shown = { id, index, atMs: toTimeMs(id) };
  try {
    const entry = fromEntryBytes(bytes);
    const { kind, atMs } = entry;
    switch (kind) {
      case "intent":
        return { ...shown, kind, atMs, ...pick(entry), outcome: null };
      case "outcome":
        return { ...shown, kind, atMs, ...pick(entry), outcome: entry.outcome };
      case "resolution":
        return { ...shown, kind, atMs, ...none, outcome: entry.outcome };
      case "verdict":
        return {
          ...shown,
          kind,
          atMs,
          ...none,
          outcome: entry.on === "approval" ? entry.word : entry.verdict,
        };
      case "completion":
        return { ...shown, kind, atMs, server: null, tool: entry.model, outcome: entry.outcome };
      case "gap":
        return { ...shown, kind, atMs, ...none };
    }
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return { ...shown, kind: "unreadable", ...none };
  }
}

function pick({ server, tool }: { readonly server: string; readonly tool: string | null }) {
  return { server, tool };
}
