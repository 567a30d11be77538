import { Fault } from "../model/index.ts";
import { splitHashes, tileHeight, tileWidth, toCount, toEdgePlaces } from "./tiles.ts";
import { hashLength, toParent, toRoot, type Frontier } from "./tree.ts";

/** Gives at least as many hashes of a tile as asked for; a full tile serves for a narrower one. */
export type TileReader = (level: number, index: number, width: number) => Promise<Uint8Array>;

/** RFC 9162, 2.1.3.1: the siblings on the way from a leaf to the root, the leaf's own first. */
export async function proveInclusion(
  reader: TileReader,
  { index, size }: { readonly index: number; readonly size: number },
): Promise<readonly Uint8Array[]> {
  checkSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new Error(`there is no leaf ${index} in a tree of ${size}`);
  }
  const siblings: Range[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + toSplit(to - from);
    siblings.unshift(index < middle ? [middle, to] : [from, middle]);
    if (index < middle) to = middle;
    else from = middle;
  }
  return readRoots(reader, size, siblings);
}

/** RFC 9162, 2.1.4.1: that a tree is the beginning of a larger one. */
export async function proveConsistency(
  reader: TileReader,
  { from: before, to: size }: { readonly from: number; readonly to: number },
): Promise<readonly Uint8Array[]> {
  checkSize(size);
  if (!Number.isSafeInteger(before) || before < 0 || before > size) {
    throw new Error(`a tree of ${size} does not go on from one of ${before}`);
  }
  // Nothing is proven of the empty tree, and nothing needs to be of the same one.
  if (before === 0 || before === size) return [];
  const ranges: Range[] = [];
  let [from, to] = [0, size];
  while (before !== to) {
    const middle = from + toSplit(to - from);
    ranges.unshift(before <= middle ? [middle, to] : [from, middle]);
    if (before <= middle) to = middle;
    else from = middle;
  }
  // The verifier has the root of the smaller tree already, where that is one subtree.
  if (from > 0) ranges.unshift([from, to]);
  return readRoots(reader, size, ranges);
}

/** The right edge, from the tiles that are not full: what a sequencer begins with. */
export async function readFrontier(reader: TileReader, size: number): Promise<Frontier> {
  checkSize(size);
  const hashes: Uint8Array[] = [];
  for (const place of toEdgePlaces(size).toReversed()) {
    const tile = splitHashes(await readTile(reader, place));
    let at = 0;
    for (let bit = tileWidth / 2; bit >= 1; bit /= 2) {
      if ((place.width & bit) === 0) continue;
      hashes.push(toRoot(tile.slice(at, at + bit)));
      at += bit;
    }
  }
  return Object.freeze({ size, hashes: Object.freeze(hashes) });
}

/** Leaves from the first up to, and without, the second. */
type Range = readonly [number, number];

/** The largest power of two below: where RFC 9162 splits a tree. */
function toSplit(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

/** Roots of ranges in a tree, each tile read once. */
async function readRoots(
  reader: TileReader,
  size: number,
  ranges: readonly Range[],
): Promise<readonly Uint8Array[]> {
  const read = new Map<string, Promise<Uint8Array>>();
  const readOnce: TileReader = (level, index, width) => {
    const key = `${level}/${index}`;
    const known = read.get(key) ?? readTile(reader, { level, index, width });
    read.set(key, known);
    return known;
  };
  return Promise.all(ranges.map((range) => readRoot(readOnce, size, range)));
}

async function readRoot(reader: TileReader, size: number, [from, to]: Range): Promise<Uint8Array> {
  const count = to - from;
  const split = toSplit(count);
  if (count > 1 && split * 2 !== count) {
    const left = readRoot(reader, size, [from, from + split]);
    const right = readRoot(reader, size, [from + split, to]);
    const [first, second] = await Promise.all([left, right]);
    return toParent(first, second);
  }
  // A perfect subtree, and its first leaf is a multiple of its size: it lies within one tile.
  const level = Math.floor(Math.round(Math.log2(count)) / tileHeight);
  const width = count / tileWidth ** level;
  const first = from / tileWidth ** level;
  const index = Math.floor(first / tileWidth);
  const present = Math.min(tileWidth, toCount(size, level) - index * tileWidth);
  const tile = splitHashes(await reader(level, index, present));
  return toRoot(tile.slice(first % tileWidth, (first % tileWidth) + width));
}

async function readTile(
  reader: TileReader,
  { level, index, width }: { level: number; index: number; width: number },
): Promise<Uint8Array> {
  const bytes = await reader(level, index, width);
  if (bytes.length % hashLength === 0 && bytes.length >= width * hashLength) return bytes;
  throw new Fault("record_unreadable", `Tile ${level}/${index} of the ledger is not whole.`, {
    details: { level, index, width },
  });
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new Error(`${size} is not a tree's size`);
}
