import { Fault } from "../model/index.ts";
import type { LogPlace, LogRows } from "../ports/log-rows.ts";
import { readFrontier, type TileReader } from "./proofs.ts";
import { toEdgePlaces } from "./tiles.ts";
import { hashLength, toFrontierRoot, type Frontier } from "./tree.ts";

/**
 * Tiles as the store has them, each read once: for one proof, or for those of one receipt. One that is
 * missing or short is a fault, never a wrong proof.
 */
export function createTileReader(log: LogRows, { tenant, epoch }: LogPlace): TileReader {
  const read = new Map<string, Promise<Uint8Array | null>>();
  return async (level, index, width) => {
    const place = `${level}/${index}`;
    const reading = read.get(place) ?? log.readTile({ tenant, epoch, level, index });
    read.set(place, reading);
    const bytes = await reading;
    if (bytes !== null && bytes.length >= width * hashLength) return bytes;
    throw new Fault("record_unreadable", `Tile ${level}/${index} of the ledger is not whole.`, {
      details: { tenant, epoch, level, index },
    });
  };
}

export async function readRootAt(reader: TileReader, size: number): Promise<Uint8Array> {
  return toFrontierRoot(await readFrontier(reader, size));
}

/** What is needed to append: the frontier, and by level the tile that is not full yet. */
export async function readEdge(
  reader: TileReader,
  size: number,
): Promise<{ readonly frontier: Frontier; readonly edges: readonly Uint8Array[] }> {
  const frontier = await readFrontier(reader, size);
  const edges: Uint8Array[] = [];
  for (const { level, index, width } of toEdgePlaces(size)) {
    const bytes = await reader(level, index, width);
    while (edges.length < level) edges.push(new Uint8Array());
    edges[level] = Uint8Array.from(bytes.subarray(0, width * hashLength));
  }
  return { frontier, edges };
}
