import fc from "fast-check";
import { expect, test } from "vitest";
import { knownLeaves, madeUpLeaves, naiveRoot } from "../../test/ledger/naive-tree.ts";
import { scaled, seed } from "../../test/scale.ts";
import { toLeafHash } from "../model/index.ts";
import { appendLeaves, emptyFrontier, toFrontierRoot, toLeaf, toRoot } from "./tree.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const runs = { numRuns: scaled({ test: 100, prove: 5_000 }), seed: seed() };

test("I5: roots are those of RFC 9162's known trees", () => {
  const leaves = knownLeaves.map(toLeaf);
  const roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ];
  for (const [size, root] of roots.entries()) {
    expect(hex(toRoot(leaves.slice(0, size))), `${size} leaves`).toBe(root);
  }
});

test("a frontier that grows in any portions has the root of the whole tree", () => {
  const portions = fc.array(fc.nat(70), { maxLength: 8 });
  fc.assert(
    fc.property(portions, (counts) => {
      const leaves = madeUpLeaves(counts.reduce((sum, count) => sum + count, 0));
      let frontier = emptyFrontier;
      for (const count of counts) {
        const before = { size: frontier.size, hashes: frontier.hashes.map(hex) };
        const next = appendLeaves(frontier, leaves.slice(frontier.size, frontier.size + count));
        expect({ size: frontier.size, hashes: frontier.hashes.map(hex) }).toEqual(before);
        frontier = next;
      }
      expect(frontier.size).toBe(leaves.length);
      expect(hex(toFrontierRoot(frontier))).toBe(hex(naiveRoot(leaves)));
      expect(Object.isFrozen(frontier) && Object.isFrozen(frontier.hashes)).toBe(true);
    }),
    runs,
  );
});

test("a leaf is hashed as the model hashes an entry, and only 32 bytes are a leaf hash", () => {
  const bytes = Buffer.from('{"kind":"gap"}');
  expect(`sha256:${hex(toLeaf(bytes))}`).toBe(toLeafHash(bytes));
  expect(() => appendLeaves(emptyFrontier, [new Uint8Array(31)])).toThrow(/32 bytes/);
  const full = { size: Number.MAX_SAFE_INTEGER, hashes: [] };
  expect(() => appendLeaves(full, madeUpLeaves(1))).toThrow(/too large/);
});
