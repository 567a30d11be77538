import fc from "fast-check";
import { expect, test } from "vitest";
import { madeUpLeaves, naiveRoot } from "../../test/ledger/naive-tree.ts";
import { createTileShelf } from "../../test/ledger/tile-shelf.ts";
import { scaled, seed } from "../../test/scale.ts";
import { splitHashes, tileBytes, toEdgePlaces, toTilePath, toTiles } from "./tiles.ts";
import { toRoot } from "./tree.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const runs = { numRuns: scaled({ test: 20, prove: 500 }), seed: seed() };

test("tiles hold the hashes that tlog-tiles says, whatever portions the tree grew in", () => {
  const portions = fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 6 });
  fc.assert(
    fc.property(portions, (counts) => {
      const leaves = madeUpLeaves(counts.reduce((sum, count) => sum + count, 0));
      const shelf = createTileShelf();
      let at = 0;
      for (const count of counts) shelf.grow(leaves.slice(at, (at += count)));
      for (let level = 0, span = 1; span <= leaves.length; level++, span *= 256) {
        const row = Array.from({ length: Math.floor(leaves.length / span) }, (_, index) =>
          hex(naiveRoot(leaves.slice(index * span, (index + 1) * span))),
        );
        const kept = Array.from({ length: Math.ceil(row.length / 256) }, (_, index) =>
          splitHashes(shelf.tiles.get(`${level}/${index}`)!).map(hex),
        );
        expect(kept.flat()).toEqual(row);
      }
    }),
    runs,
  );
});

test("the example of the specification: 70,000 leaves", () => {
  const shelf = createTileShelf();
  const leaves = madeUpLeaves(70_000);
  shelf.grow(leaves.slice(0, 69_999));
  const { length } = [...shelf.tiles.keys()].filter((key) => key.startsWith("0/"));
  expect(length).toBe(274);
  const before = new Map(shelf.tiles);
  shelf.grow(leaves.slice(69_999));
  // One more leaf changes one tile, as long as none becomes full.
  const changed = [...shelf.tiles].filter(([key, bytes]) => before.get(key) !== bytes);
  expect(changed.map(([key]) => key)).toEqual(["0/273"]);
  expect(toEdgePlaces(70_000)).toEqual([
    { level: 0, index: 273, width: 112 },
    { level: 1, index: 1, width: 17 },
    { level: 2, index: 0, width: 1 },
  ]);
  for (const bytes of shelf.tiles.values()) expect(bytes.length).toBeLessThanOrEqual(tileBytes);
});

test("a full tile leaves no edge on its level, and its root begins the next", () => {
  const leaves = madeUpLeaves(256);
  const { tiles, edges } = toTiles({ size: 0, leafHashes: leaves, edges: [] });
  expect(tiles.map(({ level, index, bytes }) => [level, index, bytes.length])).toEqual([
    [0, 0, 8_192],
    [1, 0, 32],
  ]);
  expect(hex(tiles[1]!.bytes)).toBe(hex(toRoot(leaves)));
  expect(edges.map(({ length }) => length)).toEqual([0, 32]);
  expect(toEdgePlaces(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
  expect(toEdgePlaces(0)).toEqual([]);
});

test("edges of another size are refused", () => {
  const leafHashes = madeUpLeaves(1);
  const edge = new Uint8Array(32);
  expect(() => toTiles({ size: 2, leafHashes, edges: [edge] })).toThrow(/level 0 has 64 bytes/);
  expect(() => toTiles({ size: 1, leafHashes, edges: [edge, edge] })).toThrow(/level 1 has 0/);
  expect(() => toTiles({ size: 256, leafHashes, edges: [] })).toThrow(/level 1 has 32 bytes/);
});

test("paths of tiles are those of the specification", () => {
  expect(toTilePath({ level: 0, index: 1_234_067, width: 256 })).toBe("tile/0/x001/x234/067");
  expect(toTilePath({ level: 1, index: 1, width: 17 })).toBe("tile/1/001.p/17");
  expect(toTilePath({ level: 2, index: 1_000, width: 256 })).toBe("tile/2/x001/000");
});
