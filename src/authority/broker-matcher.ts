/** Where one of many texts occurs. */
export interface Match {
  readonly at: number;
  readonly end: number;
  /** What the text was added under. */
  readonly index: number;
}

/** Finds many texts in one pass. One text more or less costs what that text costs, however many there are. */
export interface Matcher {
  /** Under a number of its own; gives what takes it out again. */
  add(index: number, text: string): () => void;
  find(text: string): readonly Match[];
}

/** Searches begin with a window of this many characters, so no text may be shorter. */
export const windowLength = 8;
const blockLength = 3;
const tableBits = 18;
const longestShift = windowLength - blockLength + 1;

interface Placed {
  readonly index: number;
  readonly text: string;
  /** Of its window in it. */
  readonly offset: number;
}

/** So many shifts are older than what they were made for, as a part of all texts. */
const stalePart = 1 / 4;
const leastStale = 256;
const nothing: readonly Placed[] = [];

/**
 * Wu and Manber: the three characters under the eye say how far the next window can be, which mostly is
 * six. What is taken out leaves its shifts behind, which costs a look and never a match; when there are
 * many of those, the shifts are made anew.
 */
export function createMatcher(): Matcher {
  const shifts = new Uint8Array(1 << tableBits).fill(longestShift);
  const buckets = new Map<number, readonly Placed[]>();
  let [size, stale] = [0, 0];

  function shorten({ text, offset }: Placed): void {
    for (let at = 0; at < longestShift; at += 1) {
      const block = hashBlock(text, offset + at);
      shifts[block] = Math.min(shifts[block]!, longestShift - 1 - at);
    }
  }

  function remove(placed: Placed): void {
    const block = toBlock(placed);
    const left = buckets.get(block)!.filter((each) => each !== placed);
    if (left.length > 0) buckets.set(block, left);
    else buckets.delete(block);
    size -= 1;
    stale += 1;
    if (stale < leastStale || stale < size * stalePart) return;
    stale = 0;
    shifts.fill(longestShift);
    for (const bucket of buckets.values()) for (const each of bucket) shorten(each);
  }

  return {
    add(index, text) {
      const placed = { index, text, offset: chooseWindow(text, buckets) };
      shorten(placed);
      const block = toBlock(placed);
      buckets.set(block, [...(buckets.get(block) ?? nothing), placed]);
      size += 1;
      return () => remove(placed);
    },
    find(text) {
      const matches: Match[] = [];
      const last = text.length - blockLength;
      for (let at = windowLength - blockLength; at <= last;) {
        const block = hashBlock(text, at);
        const shift = shifts[block]!;
        at += Math.max(shift, 1);
        if (shift !== 0) continue;
        const start = at - 1 - (windowLength - blockLength);
        for (const { index, text: wanted, offset } of buckets.get(block) ?? nothing) {
          const from = start - offset;
          if (from < 0 || !text.startsWith(wanted, from)) continue;
          matches.push({ at: from, end: from + wanted.length, index });
        }
      }
      return matches;
    },
  };
}

/**
 * Tokens of one kind begin alike, and keys end alike: the window is laid where the fewest other texts
 * have theirs, so that a text full of such beginnings costs no more.
 */
function chooseWindow(text: string, buckets: ReadonlyMap<number, readonly unknown[]>): number {
  const room = text.length - windowLength;
  let best = 0;
  let fewest = Number.POSITIVE_INFINITY;
  for (let part = 0; part <= 8; part += 1) {
    const offset = Math.floor((room * part) / 8);
    const block = hashBlock(text, offset + windowLength - blockLength);
    const others = buckets.get(block)?.length ?? 0;
    if (others >= fewest) continue;
    fewest = others;
    best = offset;
  }
  return best;
}

/** The last of its window: where a search that stops looks. */
function toBlock({ text, offset }: Placed): number {
  return hashBlock(text, offset + windowLength - blockLength);
}

function hashBlock(text: string, at: number): number {
  const mixed =
    (text.charCodeAt(at) << 12) ^ (text.charCodeAt(at + 1) << 6) ^ text.charCodeAt(at + 2);
  return mixed & ((1 << tableBits) - 1);
}
