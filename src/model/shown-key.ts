import { editDistance } from "../lib/closest.ts";

/**
 * Keys are repeated in complaints, and a secret that was pasted into the wrong place may be read as one.
 * So a key is shown if it looks like a name, or is a slip of the one that was meant; of any other only
 * its length is. Where it stands is said either way, so little is lost where a name does not look like one.
 */
export function toShownKey(key: string, meant: string | null = null): string {
  if (key === "<<") return JSON.stringify(key);
  const isShown = /^[\w-]{1,40}$/.test(key) && (!isDrawn(key) || isSlip(key, meant));
  return isShown
    ? key
    : `(a key of ${key.length} ${key.length === 1 ? "character" : "characters"})`;
}

/** Two letters more than what is known to everybody are no secret. */
const mostSlips = 2;

function isSlip(key: string, meant: string | null): boolean {
  return meant !== null && editDistance(key.toLowerCase(), meant.toLowerCase()) <= mostSlips;
}

/** Anything shorter is not looked for as a secret either. */
const leastDrawn = 8;
/** `sha256`, `2026`. */
const mostDigits = 4;
const leastPerWord = 3;
const longestWord = 16;
const longestCapitals = 12;
const leastVowels = 1 / 5;

/** Whether it looks drawn at random: by its digits, by words that are none, or by what cannot be spoken. */
function isDrawn(text: string): boolean {
  if (text.length < leastDrawn) return false;
  const words = text.match(/[A-Z]?[a-z]+|[A-Z]+|\d+/g) ?? [];
  const digits = text.replaceAll(/\D/g, "").length;
  if (digits > mostDigits || text.length < words.length * leastPerWord) return true;
  // A number stands at the end of a name, not in the middle of a word.
  if (count(text, /[A-Za-z](?=\d)|\d(?=[A-Za-z])/g) > 1) return true;
  if (words.some((word) => isLong(word))) return true;
  const letters = count(text, /[a-z]/gi);
  const isSpoken = count(text, /[aeiouy]/gi) >= letters * leastVowels;
  return !isSpoken || /[bcdfghjklmnpqrstvwxz]{5}/i.test(text);
}

function isLong(word: string): boolean {
  return word.length > (/^[A-Z]+$/.test(word) ? longestCapitals : longestWord);
}

function count(text: string, what: RegExp): number {
  return text.match(what)?.length ?? 0;
}
