import { sha256, toHex, toInner } from "./signed-head.ts";

export interface ConsistencyClaim {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * RFC 9162, 2.1.4.2: that the tree with the first root is the beginning of the one with the second. As
 * `signed-head.ts` it needs nothing but WebCrypto.
 */
export async function verifyConsistency(claim: ConsistencyClaim): Promise<boolean> {
  const { from, to, fromRoot, toRoot: root, proof } = claim;
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || from > to)
    return false;
  if (![fromRoot, root, ...proof].every(({ length }) => length === 32)) return false;
  if (from === to) return proof.length === 0 && isSame(fromRoot, root);
  // The empty tree is the beginning of any; its root is the hash of nothing.
  if (from === 0) return proof.length === 0 && isSame(fromRoot, await sha256());
  let [node, last] = [from - 1, to - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  const rest = [...proof];
  const start = node === 0 ? fromRoot : rest.shift();
  if (start === undefined) return false;
  let [older, newer] = [start, start];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      older = await toInner(sibling, older);
      newer = await toInner(sibling, newer);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      newer = await toInner(newer, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && isSame(older, fromRoot) && isSame(newer, root);
}

const half = (value: number): number => Math.floor(value / 2);
const isSame = (one: Uint8Array, other: Uint8Array): boolean => toHex(one) === toHex(other);
