/** Where one of many texts occurs. */
export interface Match {
  readonly at: number;
  readonly end: number;
  /** Its place in the list that the matcher was made of. */
  readonly index: number;
}

/** Searches begin with a window of this many characters, so no text may be shorter. */
export const windowLength = 8;
const blockLength = 3;
const tableBits = 18;
const longestShift = windowLength - blockLength + 1;

/**
 * Finds many texts in one pass (Wu and Manber): the three characters under the eye say how far the
 * next window can be, which mostly is six. Made once for a list; a search makes nothing but matches.
 */
export function createMatcher(texts: readonly string[]): (text: string) => readonly Match[] {
  const shifts = new Uint8Array(1 << tableBits).fill(longestShift);
  const buckets = new Map<number, { readonly index: number; readonly offset: number }[]>();
  for (const [index, text] of texts.entries()) {
    const offset = chooseWindow(text, buckets);
    for (let at = 0; at < longestShift; at += 1) {
      const block = hashBlock(text, offset + at);
      shifts[block] = Math.min(shifts[block]!, longestShift - 1 - at);
    }
    const block = hashBlock(text, offset + windowLength - blockLength);
    const bucket = buckets.get(block);
    if (bucket === undefined) buckets.set(block, [{ index, offset }]);
    else bucket.push({ index, offset });
  }

  return (text) => {
    const matches: Match[] = [];
    const last = text.length - blockLength;
    for (let at = windowLength - blockLength; at <= last;) {
      const block = hashBlock(text, at);
      const shift = shifts[block]!;
      at += Math.max(shift, 1);
      if (shift !== 0) continue;
      const start = at - 1 - (windowLength - blockLength);
      for (const { index, offset } of buckets.get(block)!) {
        const from = start - offset;
        if (from < 0 || !text.startsWith(texts[index]!, from)) continue;
        matches.push({ at: from, end: from + texts[index]!.length, index });
      }
    }
    return matches;
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

function hashBlock(text: string, at: number): number {
  const mixed =
    (text.charCodeAt(at) << 12) ^ (text.charCodeAt(at + 1) << 6) ^ text.charCodeAt(at + 2);
  return mixed & ((1 << tableBits) - 1);
}
