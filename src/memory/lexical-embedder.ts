import { splitWords } from "../lib/split-words.ts";
import type { Embedder } from "../ports/embedder.ts";

const dimensions = 256;
/** Two and five letters say too little or too much of a word that is bent or misspelt. */
const lengths = [3, 4] as const;
/** Texts without a spelling in common are at 0, give or take a sixteenth. */
const leastLikeness = 0.2;
/** A word says as much as all its groups of letters together. */
const wordShare = 1;

/**
 * No model: each word, and each group of letters in it, is hashed to one of the numbers, with a sign, so
 * that what falls together by chance cancels out. Texts lie near each other where they share spellings;
 * of meaning it knows nothing, and its id says so.
 */
export function createLexicalEmbedder(): Embedder {
  return Object.freeze({
    id: "lexical: hashed words and letter groups, no meaning",
    version: `1@${dimensions}`,
    dimensions,
    leastLikeness,
    embed: async (texts: readonly string[]) => texts.map(toVector),
    close: async () => undefined,
  });
}

function toVector(text: string): Float32Array {
  const counts = new Map<string, number>();
  for (const word of splitWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const values = new Float32Array(dimensions);
  for (const [word, count] of counts) {
    // Often is more than once, and not as much as often; short words are in everything.
    const weight = (1 + Math.log(count)) * Math.min(1, word.length / 6);
    add(values, `w ${word}`, weight * wordShare);
    const groups = listGroups(word);
    for (const group of groups) add(values, `g ${group}`, weight / Math.sqrt(groups.length));
  }
  return toUnit(values);
}

function listGroups(word: string): readonly string[] {
  const letters = ["^", ...Array.from(word), "$"];
  return lengths.flatMap((length) =>
    Array.from({ length: Math.max(0, letters.length - length + 1) }, (_, at) =>
      letters.slice(at, at + length).join(""),
    ),
  );
}

function add(values: Float32Array, feature: string, weight: number): void {
  const hashed = toHash(feature);
  const sign = hashed >>> 31 === 0 ? 1 : -1;
  values[hashed % dimensions]! += sign * weight;
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

/** Without a word there is no direction: the first number stands for nothing at all. */
function toUnit(values: Float32Array): Float32Array {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? values : values.map((value) => value / length);
}
