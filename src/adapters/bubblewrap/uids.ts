import type { Random } from "../../ports/random.ts";
import { fail } from "./fail.ts";

/** Numbers of users that nobody else has. The first one owns what sandboxes may write. */
export interface UidRange {
  readonly first: number;
  readonly count: number;
}

export interface Uids {
  /** For sandboxes that write into mounts: they share those, and so the user. */
  readonly writer: number;
  readonly taken: ReadonlySet<number>;
  take(): number;
  giveBack(uid: number): void;
}

/** Each sandbox runs as a user of its own. Where to begin is drawn, so that servers side by side differ. */
export function createUids(range: UidRange, random: Random): Uids {
  const own = range.count - 1;
  const taken = new Set<number>();
  let next = Math.floor(random.fraction() * own);
  return {
    writer: range.first,
    taken,
    take: () => {
      for (let tried = 0; tried < own; tried += 1) {
        const uid = range.first + 1 + next;
        next = (next + 1) % own;
        if (taken.has(uid)) continue;
        taken.add(uid);
        return uid;
      }
      throw fail(`As many sandboxes as there are users for them (${own}) are running.`);
    },
    giveBack: (uid) => void taken.delete(uid),
  };
}
