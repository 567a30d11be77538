import { tileWidth } from "./tiles.ts";
import { hashLength } from "./tree.ts";

export interface ComparedTile {
  readonly index: number;
  /** As they were taken in. */
  readonly hashes: Uint8Array;
  /** As they are now, with the hashes of their bytes. */
  readonly entries: readonly { readonly id: string }[];
  readonly leaves: readonly Uint8Array[];
}

export interface TileFinding {
  readonly kind: "altered" | "dropped" | "inserted" | "moved";
  readonly index: number;
  readonly id: string | null;
  readonly text: string;
}

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Where the entries of a tile are not those that it was made of: which, and what was done to them. */
export function compareTile({ index, hashes, entries, leaves }: ComparedTile): TileFinding[] {
  const were = Array.from({ length: Math.floor(hashes.length / hashLength) }, (_, at) =>
    toHex(hashes.subarray(at * hashLength, (at + 1) * hashLength)),
  );
  const are = leaves.map(toHex);
  if (are.length === were.length && are.every((hash, at) => hash === were[at])) return [];
  const [then, now] = [new Set(were), new Set(are)];
  const findings: TileFinding[] = [];
  const first = index * tileWidth;
  let [at, place] = [0, 0];
  while (at < are.length || place < were.length) {
    const [is, was] = [are[at], were[place]];
    const isForeign = is !== undefined && !then.has(is);
    const isGone = was !== undefined && !now.has(was);
    const leaf = first + place;
    const id = entries[at]?.id ?? null;
    if (is !== undefined && is === was) {
      [at, place] = [at + 1, place + 1];
    } else if (isForeign && isGone) {
      findings.push({
        kind: "altered",
        index: leaf,
        id,
        text: `Entry ${leaf} (${id}) was altered.`,
      });
      [at, place] = [at + 1, place + 1];
    } else if (isForeign || was === undefined) {
      const text = `Before entry ${leaf}, ${id} was put in.`;
      findings.push({ kind: "inserted", index: leaf, id, text });
      at += 1;
    } else if (isGone || is === undefined) {
      findings.push({
        kind: "dropped",
        index: leaf,
        id: null,
        text: `Entry ${leaf} was taken out.`,
      });
      place += 1;
    } else {
      const text = `In the place of entry ${leaf} lies ${id}, which was elsewhere.`;
      findings.push({ kind: "moved", index: leaf, id, text });
      [at, place] = [at + 1, place + 1];
    }
  }
  return findings;
}
