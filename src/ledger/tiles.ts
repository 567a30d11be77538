import { hashLength, toRoot } from "./tree.ts";

/**
 * Hash tiles as https://c2sp.org/tlog-tiles lays them out: 256 hashes a tile. Level 0 holds the
 * leaf hashes, each level above the root of each full tile below.
 */
export interface Tile {
  readonly level: number;
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Where a tile lies, and how many hashes of it there are. */
export interface TilePlace {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

export const tileWidth = 256;
export const tileHeight = 8;
export const tileBytes = tileWidth * hashLength;

interface Growth {
  /** Leaves before. */
  readonly size: number;
  readonly leafHashes: readonly Uint8Array[];
  /** By level, the bytes of the tile that is not full yet; empty where there is none. */
  readonly edges: readonly Uint8Array[];
}

interface Grown {
  /** What is to be written, each whole: a wider one takes the place of a narrower one. */
  readonly tiles: readonly Tile[];
  /** The edges from which the next leaves go on. */
  readonly edges: readonly Uint8Array[];
}

/** The tiles that change when leaves are appended. */
export function toTiles({ size, leafHashes, edges }: Growth): Grown {
  checkEdges(size, edges);
  const tiles: Tile[] = [];
  const nextEdges: Uint8Array[] = [];
  let added = leafHashes;
  for (let level = 0; added.length > 0 || level < edges.length; level++) {
    const edge = edges[level] ?? none;
    let index = Math.floor(toCount(size, level) / tileWidth);
    const hashes = [...splitHashes(edge), ...added];
    const full: Uint8Array[] = [];
    let at = 0;
    for (; at + tileWidth <= hashes.length; at += tileWidth) {
      const inTile = hashes.slice(at, at + tileWidth);
      tiles.push({ level, index, bytes: joinHashes(inTile) });
      full.push(toRoot(inTile));
      index += 1;
    }
    const rest = joinHashes(hashes.slice(at));
    if (rest.length > 0 && added.length > 0) tiles.push({ level, index, bytes: rest });
    nextEdges.push(rest);
    added = full;
  }
  return Object.freeze({ tiles: Object.freeze(tiles), edges: Object.freeze(nextEdges) });
}

const none = new Uint8Array();

/** The tiles at the right edge of a tree that are not full: what `toTiles` goes on from. */
export function toEdgePlaces(size: number): readonly TilePlace[] {
  const places: TilePlace[] = [];
  for (let level = 0, count = size; count > 0; level++, count = toCount(size, level)) {
    const width = count % tileWidth;
    if (width > 0) places.push({ level, index: Math.floor(count / tileWidth), width });
  }
  return places;
}

/** How many hashes a level has in a tree of this size. */
export function toCount(size: number, level: number): number {
  return Math.floor(size / tileWidth ** level);
}

/** `x001/x234/067`, and `.p/` with the width for a tile that is not full. */
export function toTilePath({ level, index, width }: TilePlace): string {
  const groups: string[] = [];
  for (let rest = index; groups.length === 0 || rest > 0; rest = Math.floor(rest / 1_000)) {
    const group = String(rest % 1_000).padStart(3, "0");
    groups.unshift(groups.length === 0 ? group : `x${group}`);
  }
  return `tile/${level}/${groups.join("/")}${width === tileWidth ? "" : `.p/${width}`}`;
}

export function splitHashes(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / hashLength }, (_, index) =>
    bytes.subarray(index * hashLength, (index + 1) * hashLength),
  );
}

function joinHashes(hashes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * hashLength);
  for (const [index, each] of hashes.entries()) bytes.set(each, index * hashLength);
  return bytes;
}

/** Edges of another size would be a tree that nobody can prove. */
function checkEdges(size: number, edges: readonly Uint8Array[]): void {
  const widths = new Map(toEdgePlaces(size).map(({ level, width }) => [level, width]));
  const levels = Math.max(edges.length, ...[...widths.keys()].map((level) => level + 1));
  for (let level = 0; level < levels; level++) {
    const length = (widths.get(level) ?? 0) * hashLength;
    if ((edges[level] ?? none).length !== length) {
      throw new Error(`the edge of level ${level} has ${length} bytes at size ${size}`);
    }
  }
}
