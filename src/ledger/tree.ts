import { hash } from "node:crypto";

/**
 * The right edge of a Merkle tree (RFC 9162, SHA-256): the roots of its perfect subtrees, from the
 * largest to the smallest, one for each bit of the size. It is all that appending needs.
 */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export const hashLength = 32;

export const emptyFrontier: Frontier = Object.freeze({ size: 0, hashes: Object.freeze([]) });

/** The hash of an entry's bytes, behind a zero byte: never taken for that of an inner node. */
export function toLeaf(bytes: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(bytes.length + 1);
  prefixed.set(bytes, 1);
  return hash("sha256", prefixed, "buffer");
}

// Filled and hashed at once, with nothing awaited between.
const pair = new Uint8Array(1 + 2 * hashLength);
pair[0] = 1;

export function toParent(left: Uint8Array, right: Uint8Array): Uint8Array {
  pair.set(left, 1);
  pair.set(right, 1 + hashLength);
  return hash("sha256", pair, "buffer");
}

export function appendLeaves(frontier: Frontier, leafHashes: readonly Uint8Array[]): Frontier {
  const hashes = [...frontier.hashes];
  let { size } = frontier;
  if (!Number.isSafeInteger(size + leafHashes.length)) throw new Error("the tree is too large");
  for (const leaf of leafHashes) {
    if (leaf.length !== hashLength) throw new Error(`a leaf hash has ${hashLength} bytes`);
    let node = leaf;
    // Each one bit at the end of the size is a subtree that is as large as the new one.
    for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
      node = toParent(hashes.pop()!, node);
    }
    hashes.push(node);
    size += 1;
  }
  return Object.freeze({ size, hashes: Object.freeze(hashes) });
}

export function toFrontierRoot(frontier: Frontier): Uint8Array {
  const { hashes } = frontier;
  if (hashes.length === 0) return hash("sha256", new Uint8Array(), "buffer");
  return hashes.reduceRight((right, left) => toParent(left, right));
}

export function toRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  return toFrontierRoot(appendLeaves(emptyFrontier, leafHashes));
}
