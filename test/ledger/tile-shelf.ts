import type { TileReader } from "../../src/ledger/proofs.ts";
import { toTiles } from "../../src/ledger/tiles.ts";
import { hashLength } from "../../src/ledger/tree.ts";

/** Tiles as a store keeps them, and what was read of them. */
export function createTileShelf() {
  const tiles = new Map<string, Uint8Array>();
  const reads: string[] = [];
  let size = 0;
  let edges: readonly Uint8Array[] = [];
  const reader: TileReader = (level, index, width) => {
    const key = `${level}/${index}`;
    reads.push(key);
    const bytes = tiles.get(key);
    if (bytes === undefined || bytes.length < width * hashLength) {
      return Promise.reject(new Error(`tile ${key} is not ${width} wide`));
    }
    return Promise.resolve(bytes);
  };
  return {
    tiles,
    reads,
    reader,
    grow(leafHashes: readonly Uint8Array[]): void {
      const grown = toTiles({ size, leafHashes, edges });
      for (const { level, index, bytes } of grown.tiles) tiles.set(`${level}/${index}`, bytes);
      ({ edges } = grown);
      size += leafHashes.length;
    },
  };
}
