import type { Chunk, Index } from "./index-file.ts";
import { limits } from "./limits.ts";
import { splitGroups, splitWords } from "./split-words.ts";

export interface Hit {
  readonly chunk: Chunk;
  /** The higher the better; comparable within one answer alone. */
  readonly score: number;
}

/** Places in `chunks`, the best first. */
type Ranking = readonly number[];

/** An index that can be searched: three ways by themselves, and what they have in common. */
export interface Searchable {
  readonly index: Index;
  readonly byWords: (query: string) => Ranking;
  readonly bySpelling: (query: string) => Ranking;
  readonly byVector: (query: string) => Ranking;
  readonly find: (query: string, limit: number) => readonly Hit[];
}

/** All that a search looks at comes from this one value. */
export function openIndex(index: Index): Searchable {
  const words = countWords(index.chunks);
  const byWords = (query: string): Ranking => rankByWords(words, toAsked(query));
  const bySpelling = createSpelling(words);
  const byVector = (query: string): Ranking => rankByVector(index, query);
  return {
    index,
    byWords,
    bySpelling,
    byVector,
    find: (query, limit) =>
      fuse([
        { ranking: byWords(query), weight: fusion.words },
        { ranking: bySpelling(query), weight: fusion.spelling },
        { ranking: byVector(query), weight: fusion.vector },
      ])
        .slice(0, Math.min(limit, limits.hits))
        .map(({ at, score }) => ({ chunk: index.chunks[at]!, score })),
  };
}

const toAsked = (query: string): readonly string[] =>
  [...new Set(splitWords(query))].slice(0, limits.queryWords);

interface Counted {
  /** Of each word: the chunks that it is in, and how often. */
  readonly postings: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly lengths: readonly number[];
  readonly usualLength: number;
}

function countWords(chunks: readonly Chunk[]): Counted {
  const postings = new Map<string, Map<number, number>>();
  const lengths = chunks.map(({ heading, text }, at) => {
    const all = splitWords(`${heading}\n${text}`);
    for (const word of all) {
      const places = postings.get(word) ?? new Map<number, number>();
      postings.set(word, places);
      places.set(at, (places.get(at) ?? 0) + 1);
    }
    return all.length;
  });
  const sum = lengths.reduce((total, length) => total + length, 0);
  return { postings, lengths, usualLength: Math.max(1, sum / Math.max(1, lengths.length)) };
}

/** BM25, as it is usually set. */
const bm25 = { k: 1.2, b: 0.75 };

function rankByWords(counted: Counted, asked: readonly string[]): Ranking {
  const scores = new Map<number, number>();
  for (const word of asked) addWord(counted, { word, share: 1 }, scores);
  return toRanking(scores);
}

interface Weighed {
  readonly word: string;
  readonly share: number;
}

function addWord(
  { postings, lengths, usualLength }: Counted,
  { word, share }: Weighed,
  scores: Map<number, number>,
): void {
  const places = postings.get(word);
  if (places === undefined) return;
  const rarity = Math.log(1 + (lengths.length - places.size + 0.5) / (places.size + 0.5));
  for (const [at, count] of places) {
    const length = 1 - bm25.b + bm25.b * (lengths[at]! / usualLength);
    const weight = (count * (bm25.k + 1)) / (count + bm25.k * length);
    scores.set(at, (scores.get(at) ?? 0) + share * rarity * weight);
  }
}

/** Shorter words share groups of letters with everything. */
const shortest = 4;
const leastLikeness = 0.35;
/** Words of the index that stand in for one that was asked for. */
const mostAlike = 12;

/** Words that share groups of three letters with those that were asked for, however they are misspelt. */
function createSpelling(counted: Counted): (query: string) => Ranking {
  const byGroup = new Map<string, string[]>();
  for (const word of counted.postings.keys()) {
    if (word.length < shortest) continue;
    for (const group of new Set(splitGroups(word, 3))) {
      const alike = byGroup.get(group) ?? [];
      byGroup.set(group, alike);
      alike.push(word);
    }
  }
  return (query) => {
    const scores = new Map<number, number>();
    for (const word of toAsked(query).filter(({ length }) => length >= shortest))
      for (const alike of findAlike(byGroup, word)) addWord(counted, alike, scores);
    return toRanking(scores);
  };
}

function findAlike(
  byGroup: ReadonlyMap<string, readonly string[]>,
  asked: string,
): readonly Weighed[] {
  const groups = new Set(splitGroups(asked, 3));
  const shared = new Map<string, number>();
  for (const group of groups)
    for (const word of byGroup.get(group) ?? []) shared.set(word, (shared.get(word) ?? 0) + 1);
  return [...shared]
    .map(([word, count]) => ({ word, share: count / (groups.size + word.length - count) }))
    .filter(({ share }) => share >= leastLikeness)
    .toSorted((one, other) => other.share - one.share || (one.word < other.word ? -1 : 1))
    .slice(0, mostAlike);
}

const leastCosine = 0.1;

/** Exactly: the query's vector, of the index's own embedder, with each of its vectors. */
function rankByVector({ chunks, embedder }: Index, query: string): Ranking {
  const asked = embedder.embed(query);
  const scores = new Map<number, number>();
  for (const [at, { vector }] of chunks.entries()) {
    let cosine = 0;
    // Both are of length 1, or of no direction at all.
    for (let place = 0; place < asked.length; place += 1) cosine += asked[place]! * vector[place]!;
    if (cosine >= leastCosine) scores.set(at, cosine);
  }
  return toRanking(scores);
}

function toRanking(scores: ReadonlyMap<number, number>): Ranking {
  return [...scores]
    .toSorted((one, other) => other[1] - one[1] || one[0] - other[0])
    .slice(0, limits.listed)
    .map(([at]) => at);
}

/**
 * Of reciprocal-rank fusion: how much less the first of a list counts than all that follow it, and how much
 * each list counts. A vector of hashed spellings says little that spelling does not; one of a model says more.
 */
const fusion = { k: 20, words: 1, spelling: 1, vector: 0.5 };

interface Weighted {
  readonly ranking: Ranking;
  readonly weight: number;
}

function fuse(lists: readonly Weighted[]): readonly { at: number; score: number }[] {
  const scores = new Map<number, number>();
  for (const { ranking, weight } of lists)
    for (const [rank, at] of ranking.entries())
      scores.set(at, (scores.get(at) ?? 0) + weight / (fusion.k + rank + 1));
  return [...scores]
    .map(([at, score]) => ({ at, score }))
    .toSorted((one, other) => other.score - one.score || one.at - other.at);
}
