import fc from "fast-check";
import { expect, test } from "vitest";
import {
  knownLeaves,
  madeUpLeaves,
  naivePath,
  naiveProof,
  naiveRoot,
  naiveTurns,
} from "../../test/ledger/naive-tree.ts";
import { createTileShelf } from "../../test/ledger/tile-shelf.ts";
import { scaled, seed } from "../../test/scale.ts";
import { proveConsistency, proveInclusion, readFrontier } from "./proofs.ts";
import { verifyInclusion } from "./signed-head.ts";
import { toFrontierRoot, toLeaf } from "./tree.ts";
import { verifyConsistency } from "./verify-consistency.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => Buffer.from(text, "hex");
const runs = { numRuns: scaled({ test: 150, prove: 5_000 }), seed: seed() };

function shelve(leaves: readonly Uint8Array[]) {
  const shelf = createTileShelf();
  shelf.grow(leaves);
  return shelf;
}

/** The same bytes with one bit the other way. */
function flip(given: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(given);
  const at = bit % (given.length * 8);
  flipped[at >> 3] = flipped[at >> 3]! ^ (1 << (at & 7));
  return flipped;
}

const a = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const b = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const c = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const d = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const e = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const f = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";

test("I5: inclusion and consistency of RFC 9162's known trees", async () => {
  const leaves = knownLeaves.map(toLeaf);
  const { reader } = shelve(leaves);
  const first = hex(leaves[0]!);
  const paths: [number, number, string[]][] = [
    [0, 1, []],
    [0, 8, [a, b, c]],
    [5, 8, [d, e, f]],
    [2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]],
    [1, 5, [first, b, d]],
  ];
  for (const [index, size, expected] of paths) {
    const part = shelve(leaves.slice(0, size));
    const path = await proveInclusion(part.reader, { index, size });
    expect(path.map(hex), `leaf ${index} of ${size}`).toEqual(expected);
    const root = naiveRoot(leaves.slice(0, size));
    expect(await verifyInclusion({ leaf: leaves[index]!, index, size, path, root })).toBe(true);
  }
  const g = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
  const proofs: [number, number, string[]][] = [
    [1, 1, []],
    [1, 8, [a, b, c]],
    [6, 8, [g, e, f]],
    [2, 5, [b, d]],
  ];
  for (const [from, to, expected] of proofs) {
    const reads = to === 8 ? reader : shelve(leaves.slice(0, to)).reader;
    const proof = await proveConsistency(reads, { from, to });
    expect(proof.map(hex), `${from} in ${to}`).toEqual(expected);
    const [fromRoot, root] = [naiveRoot(leaves.slice(0, from)), naiveRoot(leaves.slice(0, to))];
    expect(await verifyConsistency({ from, to, fromRoot, toRoot: root, proof })).toBe(true);
  }
});

const places = fc
  .integer({ min: 1, max: 700 })
  .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1), fc.nat(), fc.nat(700)));

test("a proof of inclusion is the naive tree's, and holds for this leaf at this place alone", async () => {
  await fc.assert(
    fc.asyncProperty(places, async ([size, index, bit, other]) => {
      const leaves = madeUpLeaves(size);
      const [leaf, root] = [leaves[index]!, naiveRoot(leaves)];
      const path = await proveInclusion(shelve(leaves).reader, { index, size });
      expect(path.map(hex)).toEqual(naivePath(index, leaves).map(hex));
      const claim = { leaf, index, size, path, root };
      expect(await verifyInclusion(claim)).toBe(true);
      expect(await verifyInclusion({ ...claim, leaf: flip(leaf, bit) })).toBe(false);
      expect(await verifyInclusion({ ...claim, root: flip(root, bit) })).toBe(false);
      expect(await verifyInclusion({ ...claim, path: [...path, root] })).toBe(false);
      if (path.length > 0) {
        const at = bit % path.length;
        const bent = path.map((hash, level) => (level === at ? flip(hash, bit) : hash));
        expect(await verifyInclusion({ ...claim, path: bent })).toBe(false);
        expect(await verifyInclusion({ ...claim, path: path.slice(1) })).toBe(false);
        expect(await verifyInclusion({ ...claim, path: path.slice(0, -1) })).toBe(false);
      }
      if (other !== index) {
        expect(await verifyInclusion({ ...claim, index: other })).toBe(false);
      }
      // The size only says how the path turns; the checkpoint signs it together with the root.
      const [turn, otherTurn] = [size, other].map((each) =>
        each > index ? naiveTurns(index, each).join() : "none",
      );
      const turns = turn === otherTurn;
      expect(await verifyInclusion({ ...claim, size: other })).toBe(turns);
    }),
    runs,
  );
});

test("a proof of consistency is the naive tree's, and holds between these two trees alone", async () => {
  await fc.assert(
    fc.asyncProperty(places, async ([size, before, bit, other]) => {
      const leaves = madeUpLeaves(size);
      const fromRoot = naiveRoot(leaves.slice(0, before));
      const root = naiveRoot(leaves);
      const proof = await proveConsistency(shelve(leaves).reader, { from: before, to: size });
      expect(proof.map(hex)).toEqual(naiveProof(before, leaves).map(hex));
      const claim = { from: before, to: size, fromRoot, toRoot: root, proof };
      expect(await verifyConsistency(claim)).toBe(true);
      expect(await verifyConsistency({ ...claim, fromRoot: flip(fromRoot, bit) })).toBe(false);
      expect(await verifyConsistency({ ...claim, proof: [...proof, root] })).toBe(false);
      if (before > 0) {
        expect(await verifyConsistency({ ...claim, toRoot: flip(root, bit) })).toBe(false);
        const at = bit % proof.length;
        const bent = proof.map((hash, level) => (level === at ? flip(hash, bit) : hash));
        expect(await verifyConsistency({ ...claim, proof: bent })).toBe(false);
        expect(await verifyConsistency({ ...claim, proof: proof.slice(1) })).toBe(false);
        expect(await verifyConsistency({ ...claim, proof: proof.slice(0, -1) })).toBe(false);
      }
      if (other !== before) expect(await verifyConsistency({ ...claim, from: other })).toBe(false);
      expect(await verifyConsistency({ ...claim, from: size, to: before })).toBe(false);
    }),
    runs,
  );
});

test("a ledger whose history was changed has no proof of consistency", async () => {
  const leaves = madeUpLeaves(600);
  const before = naiveRoot(leaves.slice(0, 400));
  const others = [
    leaves.toSpliced(17, 1),
    leaves.toSpliced(17, 0, bytes("00".repeat(32))),
    leaves.with(17, leaves[18]!).with(18, leaves[17]!),
    leaves.with(399, leaves[0]!),
  ];
  for (const changed of others) {
    const to = changed.length;
    const proof = await proveConsistency(shelve(changed).reader, { from: 400, to });
    const root = naiveRoot(changed);
    expect(await verifyConsistency({ from: 400, to, fromRoot: before, toRoot: root, proof })).toBe(
      false,
    );
  }
});

test("few tiles are read for a proof, each once, and the edge suffices for the frontier", async () => {
  const leaves = madeUpLeaves(70_000);
  const shelf = shelve(leaves);
  const root = toFrontierRoot(await readFrontier(shelf.reader, 70_000));
  expect(shelf.reads.toSorted()).toEqual(["0/273", "1/1", "2/0"]);
  shelf.reads.length = 0;
  const path = await proveInclusion(shelf.reader, { index: 12_345, size: 70_000 });
  expect(new Set(shelf.reads).size).toBe(shelf.reads.length);
  expect(shelf.reads.length).toBeLessThanOrEqual(6);
  const claim = { leaf: leaves[12_345]!, index: 12_345, size: 70_000, path, root };
  expect(await verifyInclusion(claim)).toBe(true);
  shelf.reads.length = 0;
  await proveConsistency(shelf.reader, { from: 65_535, to: 70_000 });
  expect(shelf.reads.length).toBeLessThanOrEqual(6);
});

test("what is not a place in the tree is refused, and so are tiles that are not whole", async () => {
  const { reader } = shelve(madeUpLeaves(5));
  for (const index of [-1, 5, 1.5, Number.NaN]) {
    await expect(proveInclusion(reader, { index, size: 5 })).rejects.toThrow(/no leaf/);
  }
  await expect(proveInclusion(reader, { index: 0, size: -1 })).rejects.toThrow(/size/);
  await expect(proveConsistency(reader, { from: 6, to: 5 })).rejects.toThrow(/does not go on/);
  for (const length of [0, 159, 161, 128]) {
    const broken = () => Promise.resolve(new Uint8Array(length));
    await expect(proveInclusion(broken, { index: 3, size: 5 })).rejects.toMatchObject({
      code: "record_unreadable",
    });
    await expect(readFrontier(broken, 5)).rejects.toMatchObject({ code: "record_unreadable" });
  }
  const leaf = madeUpLeaves(1)[0]!;
  for (const index of [-1, 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(await verifyInclusion({ leaf, index, size: 1, path: [], root: leaf })).toBe(false);
  }
});
