import { splitGroups, splitWords } from "./split-words.ts";

/**
 * What makes a text a vector. Vectors of two embedders, or of two versions of one, say nothing about each
 * other, so that an index has the vectors of exactly one, and a query is embedded by the same.
 */
export interface Embedder {
  readonly id: string;
  readonly version: string;
  readonly dimensions: number;
  readonly embed: (text: string) => Float32Array;
}

/** In place of a model, of which a deterministic one costs nothing and can be tested. */
export const embedders: ReadonlyMap<string, Embedder> = new Map(
  [
    createLexical({ version: "1", dimensions: 256, lengths: [3, 4] }),
    createLexical({ version: "2", dimensions: 384, lengths: [3, 4, 5] }),
  ].map((embedder) => [embedder.version, embedder]),
);

interface Lexical {
  readonly version: string;
  readonly dimensions: number;
  readonly lengths: readonly number[];
}

/** Words and groups of letters are hashed to numbers: near is what is spelt alike, whatever it means. */
function createLexical({ version, dimensions, lengths }: Lexical): Embedder {
  function embed(text: string): Float32Array {
    const counts = new Map<string, number>();
    for (const word of splitWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const values = new Float32Array(dimensions);
    const add = (feature: string, weight: number): void => {
      // Each version falls its own way: mixing two by mistake would be seen at once.
      const hashed = toHash(`${version} ${feature}`);
      values[hashed % dimensions]! += (hashed >>> 31 === 0 ? 1 : -1) * weight;
    };
    for (const [word, count] of counts) {
      const weight = (1 + Math.log(count)) * Math.min(1, word.length / 6);
      add(`w ${word}`, weight);
      const groups = lengths.flatMap((length) => splitGroups(word, length));
      for (const group of groups) add(`g ${group}`, weight / Math.sqrt(groups.length));
    }
    return toUnit(values);
  }
  return Object.freeze({ id: "lexical", version, dimensions, embed });
}

/** FNV-1a of 32 bits over code units, mixed once more, since its low bits alone are poor. */
function toHash(text: string): number {
  let hashed = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hashed ^= text.charCodeAt(at);
    hashed = Math.imul(hashed, 0x01000193);
  }
  hashed ^= hashed >>> 16;
  hashed = Math.imul(hashed, 0x45d9f3b);
  return (hashed ^ (hashed >>> 16)) >>> 0;
}

function toUnit(values: Float32Array): Float32Array {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? values : values.map((value) => value / length);
}
