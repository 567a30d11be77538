import { createHash } from "node:crypto";

/** RFC 9162, section 2.1, word for word over all leaves: what the quick ways are held to. */
export function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return createHash("sha256").digest();
  if (leaves.length === 1) return leaves[0]!;
  const split = splitOf(leaves.length);
  const left = naiveRoot(leaves.slice(0, split));
  const right = naiveRoot(leaves.slice(split));
  return createHash("sha256").update(Uint8Array.of(1)).update(left).update(right).digest();
}

export function naivePath(index: number, leaves: readonly Uint8Array[]): readonly Uint8Array[] {
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...naivePath(index, left), naiveRoot(right)]
    : [...naivePath(index - split, right), naiveRoot(left)];
}

/** The turns on the way down: whether the other side is the right one. */
export function naiveTurns(index: number, size: number): readonly boolean[] {
  if (size === 1) return [];
  const split = splitOf(size);
  return index < split
    ? [true, ...naiveTurns(index, split)]
    : [false, ...naiveTurns(index - split, size - split)];
}

export function naiveProof(from: number, leaves: readonly Uint8Array[]): readonly Uint8Array[] {
  const prove = (m: number, part: readonly Uint8Array[], whole: boolean): Uint8Array[] => {
    if (m === part.length) return whole ? [] : [naiveRoot(part)];
    const split = splitOf(part.length);
    const [left, right] = [part.slice(0, split), part.slice(split)];
    return m <= split
      ? [...prove(m, left, whole), naiveRoot(right)]
      : [...prove(m - split, right, false), naiveRoot(left)];
  };
  return from === 0 ? [] : prove(from, leaves, true);
}

function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** Eight leaves of certificate-transparency, the oldest known vectors of this tree. */
export const knownLeaves = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map((hex) => Buffer.from(hex, "hex"));

/** As many leaf hashes as wanted, each another one. */
export function madeUpLeaves(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    createHash("sha256").update(Uint8Array.of(0)).update(`leaf ${index}`).digest(),
  );
}
