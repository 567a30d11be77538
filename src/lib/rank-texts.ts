import { splitWords } from "./split-words.ts";
import { toTrigrams } from "./trigrams.ts";

/** What is looked through, each of its texts with how much a word of it counts. */
export interface Ranked<Item> {
  readonly item: Item;
  readonly texts: readonly (readonly [text: string, weight: number])[];
}

/** More words than anybody looks for. */
const mostAsked = 16;
/** Of BM25, as it is usually set: how soon a word said again says no more, and how much length counts. */
const saturation = 1.2;
const byLength = 0.75;
/** What reaches less of the best one's score has the filling words in common with what was asked. */
const leastShare = 0.15;

/**
 * The best first, by BM25 over their words; those that have none of the words asked for are left out. A
 * word that is spelt a little otherwise counts, too, but less. Of equals, the one that stood first.
 */
export function rankTexts<Item>(query: string, all: readonly Ranked<Item>[]): readonly Item[] {
  const asked = [...new Set(splitWords(query))].slice(0, mostAsked);
  const counted = all.map(({ item, texts }) => ({ item, ...countWords(texts) }));
  const length = counted.reduce((sum, each) => sum + each.length, 0) / Math.max(1, all.length);
  const holders = countHolders(counted);
  const near = asked.map(createNear([...holders.keys()]));
  const scored = counted.map((one) => {
    const long = 1 - byLength + (byLength * one.length) / length;
    const weigh = (word: string, likeness: number): number => {
      const said = one.words.get(word) ?? 0;
      const rarity = toRarity(holders.get(word)!, all.length);
      return (likeness * rarity * said * (saturation + 1)) / (said + saturation * long);
    };
    const score = near.reduce(
      (sum, words) => sum + Math.max(0, ...words.map(([word, likeness]) => weigh(word, likeness))),
      0,
    );
    return { item: one.item, score };
  });
  const best = Math.max(0, ...scored.map(({ score }) => score));
  return scored
    .filter(({ score }) => score > 0 && score >= best * leastShare)
    .toSorted((one, other) => other.score - one.score)
    .map(({ item }) => item);
}

interface Counted {
  readonly words: ReadonlyMap<string, number>;
  readonly length: number;
}

function countWords(texts: Ranked<unknown>["texts"]): Counted {
  const words = new Map<string, number>();
  let length = 0;
  for (const [text, weight] of texts) {
    for (const word of splitWords(text)) {
      words.set(word, (words.get(word) ?? 0) + weight);
      length += weight;
    }
  }
  return { words, length };
}

function countHolders(counted: readonly Counted[]): ReadonlyMap<string, number> {
  const holders = new Map<string, number>();
  for (const { words } of counted)
    for (const word of words.keys()) holders.set(word, (holders.get(word) ?? 0) + 1);
  return holders;
}

/** What few have says more than what most have. */
function toRarity(holders: number, of: number): number {
  return Math.log(1 + (of - holders + 0.5) / (holders + 0.5));
}

type Near = readonly (readonly [word: string, likeness: number])[];

/** Shorter words have too few letters for one more or less to be a slip. */
const shortest = 4;
/** Of one that is there as it is, other forms count: `orders` for `order`. */
const leastOfForm = 0.6;
/** Two letters that have changed places leave little more than this. */
const leastOfSlip = 0.4;
/** No likeness of theirs counts as much as the word itself. */
const ofLikeness = 0.9;

function createNear(vocabulary: readonly string[]): (word: string) => Near {
  const grams = new Map(vocabulary.map((word) => [word, toTrigrams(word)]));
  const holders = new Map<string, string[]>();
  for (const [word, groups] of grams) {
    for (const group of groups) {
      const known = holders.get(group);
      if (known === undefined) holders.set(group, [word]);
      else known.push(word);
    }
  }
  return (word) => {
    const isThere = grams.has(word);
    const exact: Near = isThere ? [[word, 1]] : [];
    if (word.length < shortest) return exact;
    const groups = toTrigrams(word);
    const shared = new Map<string, number>();
    for (const group of groups)
      for (const other of holders.get(group) ?? []) shared.set(other, (shared.get(other) ?? 0) + 1);
    const least = isThere ? leastOfForm : leastOfSlip;
    const others = [...shared].flatMap(([other, count]): Near => {
      if (other === word || other.length < shortest) return [];
      const likeness = (2 * count) / (groups.size + grams.get(other)!.size);
      return likeness < least ? [] : [[other, ofLikeness * likeness]];
    });
    return [...exact, ...others];
  };
}
