import type { Random } from "../../../ports/random.ts";
import { fail } from "./fail.ts";
import { findLiving } from "./living.ts";

/** Numbers of users that nobody else has. */
export interface UidRange {
  readonly first: number;
  readonly count: number;
  /** Owns what sandboxes may write, if not the first one: drivers that write into the same folders share it. */
  readonly writer?: number;
}

export interface Uids {
  /** For sandboxes that write into mounts: they share those, and so the user. */
  readonly writer: number;
  readonly taken: ReadonlySet<number>;
  take(): number;
  giveBack(uid: number): void;
}

/** Null: we are not root, or have none to give, so sandboxes run as the user that we are. */
export function createOwnUids(range: UidRange | null, random: Random): Uids | null {
  return process.getuid?.() === 0 && range !== null ? createUids(range, random) : null;
}

/**
 * Each sandbox runs as a user of its own, whom nothing else runs as: what an earlier one has left keeps it
 * back for as long as it is there. Where to begin is drawn, so that servers side by side differ.
 */
export function createUids(range: UidRange, random: Random, find = findLiving): Uids {
  const own = range.count - 1;
  const taken = new Set<number>();
  let next = Math.floor(random.fraction() * own);
  return {
    writer: range.writer ?? range.first,
    taken,
    take: () => {
      const isFree = (uid: number): boolean =>
        uid > range.first && uid <= range.first + own && !taken.has(uid);
      const kept = new Set(find(isFree).map(({ uid }) => uid));
      for (let tried = 0; tried < own; tried += 1) {
        const uid = range.first + 1 + next;
        next = (next + 1) % own;
        if (taken.has(uid) || kept.has(uid)) continue;
        taken.add(uid);
        return uid;
      }
      const stay = kept.size === 0 ? "" : `, and what ${kept.size} earlier ones left does not end`;
      throw fail(`As many sandboxes as there are users for them (${own}) are running${stay}.`);
    },
    giveBack: (uid) => void taken.delete(uid),
  };
}
