import { Fault, toEntryBytes, toUuidV7, type EntryId, type TenantId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogHead, LogRows } from "../ports/log-rows.ts";
import type { Random } from "../ports/random.ts";
import { toOrigin } from "./checkpoint.ts";
import { judgeLog, type JudgeOptions } from "./judge-log.ts";
import { readNote } from "./ledger-keys.ts";
import { createTileReader, readRootAt } from "./log-tiles.ts";
import { tileWidth, toTiles } from "./tiles.ts";
import { emptyFrontier, toFrontierRoot, toLeaf, toRoot } from "./tree.ts";

export interface ReopenOptions extends JudgeOptions {
  readonly clock: Clock;
  readonly random: Random;
}

export interface Reopened {
  readonly origin: string;
  /** What the first leaf of the new epoch says about the old one. */
  readonly gap: string;
}

/**
 * Begins a new epoch, whose origin is another and whose first leaf says what went before: what a
 * restore from a backup took away stays seen. `force` does so to a log that is sound.
 */
export async function reopenLog(
  options: ReopenOptions,
  { tenant, force }: { readonly tenant: TenantId; readonly force: boolean },
): Promise<Reopened> {
  const { log, keys, checkpoints, clock } = options;
  const [head] = await log.heads(tenant);
  const standing = await judgeLog(options, { tenant, head: head ?? null });
  if (standing.kind === "sound" && !force) {
    throw new Fault("request_invalid", "The log goes on from what was signed: nothing to reopen.");
  }
  const latest = (await checkpoints.latest(tenant)) ?? "";
  const kept = readNote(latest);
  // A full disk is found out here, and not with an epoch open that nobody can sign.
  if (kept !== null) await checkpoints.keep(tenant, latest);
  const epoch = Math.max(head?.epoch ?? 0, kept?.epoch ?? 0) + 1;
  const origin = toOrigin({ installation: keys.installation, tenant, epoch });
  const before = kept ?? toKnown(options, head);
  const said = `restore:${before.origin}@${before.size}`;
  const end = await findEnd(log, head);
  const gap = toGap(options, { tenant, said, sinceMs: end.atMs ?? head?.openedAtMs ?? null });
  const cursor = await log.reopen({
    tenant,
    from: head ?? null,
    end,
    epoch,
    gap,
    atMs: clock.nowMs(),
  });
  if (cursor === null) {
    throw new Fault("store_busy", "The log changed at the same moment. Look at it again.");
  }
  await signFirst(options, { tenant, epoch, origin, gap, cursor });
  return { origin, gap: said };
}

function toKnown({ keys }: ReopenOptions, head: LogHead | undefined) {
  if (head === undefined) throw new Fault("not_found", "There is no log yet.");
  return { origin: toOrigin({ installation: keys.installation, ...head }), size: head.size };
}

interface End {
  readonly size: number;
  readonly root: Uint8Array;
  readonly cursor: bigint;
  readonly atMs: number | null;
}

/** Behind the last leaf that a checkpoint in the database covers; what follows is taken in anew. */
async function findEnd(log: LogRows, head: LogHead | undefined): Promise<End> {
  const none = { size: 0, root: toRoot([]), cursor: head?.start ?? 0n, atMs: null };
  const size = Math.min(head?.signed?.size ?? 0, head?.size ?? 0);
  if (head === undefined || size === 0) return none;
  const fromTile = Math.floor((size - 1) / tileWidth);
  const [tile] = await log.readLeaves(head, { fromTile, tiles: 1 });
  // Where entries were taken out, the last one that is left is the end.
  const last = tile?.entries[(size - 1) % tileWidth] ?? tile?.entries.at(-1);
  const root = size === head.size ? head.root : await readRootAt(createTileReader(log, head), size);
  if (last === undefined) return { ...none, size, root, cursor: head.cursor };
  return { size, root, cursor: last.cursor, atMs: toTimeMs(last.id) };
}

const toTimeMs = (id: EntryId): number => Number.parseInt(id.replace("-", "").slice(0, 12), 16);

function toGap(
  { clock, random }: ReopenOptions,
  { tenant, said, sinceMs }: { tenant: TenantId; said: string; sinceMs: number | null },
) {
  const atMs = clock.nowMs();
  const id = toUuidV7(atMs, random.bytes(10)) as EntryId;
  const times = { atMs, fromMs: Math.min(sinceMs ?? atMs, atMs), toMs: atMs };
  const bytes = toEntryBytes({ kind: "gap", v: 1, id, tenant, replica: said, ...times });
  return { id, tenant, bytes };
}

/** Signed by whoever opened it: other replicas see by our key that it was us. */
async function signFirst(
  { log, keys, checkpoints }: ReopenOptions,
  first: {
    readonly tenant: TenantId;
    readonly epoch: number;
    readonly origin: string;
    readonly gap: { readonly bytes: Uint8Array };
    readonly cursor: bigint;
  },
): Promise<void> {
  const { tenant, epoch, origin, cursor } = first;
  const leafHashes = [toLeaf(first.gap.bytes)];
  const root = toRoot(leafHashes);
  const tiles = toTiles({ size: 0, leafHashes, edges: [] }).tiles.map((tile) => ({
    ...tile,
    cursors: { first: cursor, last: cursor },
  }));
  const from = { size: 0, root: toFrontierRoot(emptyFrontier) };
  const to = { size: 1, root, cursor };
  if (!(await log.integrate({ tenant, epoch, from, to, tiles }))) {
    throw new Fault("store_busy", "Another process wrote to the same log.");
  }
  const note = keys.sign({ origin, size: 1, root });
  await checkpoints.keep(tenant, note);
  await log.sign({ tenant, epoch, size: 1, root }, note);
}
