import { statSync } from "node:fs";
import { openIndex, type Searchable } from "./find.ts";
import { readCurrent, readIndex, toIndexFile } from "./index-file.ts";

/** What answers now. */
export interface Served {
  /** Null: none could be read since the start. */
  readonly searchable: Searchable | null;
  /** Why the newest one on disk does not answer; then the last good one does. */
  readonly problem: string | null;
}

/** Follows the indexer: a new file is read whole before it takes the place of the one in memory. */
export function followIndex(state: string): () => Served {
  let searchable: Searchable | null = null;
  /** The file that was read last, and what was wrong with it. */
  let read = { stamp: "", problem: null as string | null };

  function look(): string | null {
    const file = findFile(state);
    if (file === null) return `There is no index in ${state} yet: start the indexer.`;
    if (file.stamp === read.stamp) return read.problem;
    read = { stamp: file.stamp, problem: null };
    try {
      searchable = openIndex(readIndex(file.name));
    } catch (error) {
      read = { stamp: file.stamp, problem: (error as Error).message };
    }
    return read.problem;
  }

  return () => {
    let problem: string | null;
    try {
      problem = look();
    } catch (error) {
      problem = (error as Error).message;
    }
    return { searchable, problem };
  };
}

/** Null: none was ever finished. */
function findFile(state: string) {
  const first = readCurrent(state);
  if (first === null) return null;
  try {
    return toStamped(toIndexFile(state, first));
  } catch (error) {
    // The next version took its place a moment ago.
    const now = readCurrent(state);
    if (now === null || now === first) throw error;
    return toStamped(toIndexFile(state, now));
  }
}

function toStamped(name: string) {
  const { mtimeMs, size, ino } = statSync(name);
  return { name, stamp: `${name} ${mtimeMs} ${size} ${ino}` };
}
