/** More of one text are not looked at; a chunk has fewer. */
const mostWords = 4_000;
const longestWord = 64;

/**
 * Letters and digits alone, compatible forms made alike, in small letters. What was joined by - _ . / : or
 * @ and holds a digit stands there as a whole as well, so that an identifier is found in any spelling.
 */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  for (const [joined] of text.normalize("NFKC").toLowerCase().matchAll(joinedShape)) {
    const parts = joined.split(/[-_./:@]/);
    words.push(...parts);
    if (parts.length > 1 && /\p{N}/u.test(joined)) words.push(parts.join(""));
    if (words.length >= mostWords) break;
  }
  return words.slice(0, mostWords).map(cut);
}

const joinedShape = /[\p{L}\p{N}\p{M}]+(?:[-_./:@][\p{L}\p{N}\p{M}]+)*/gu;

function cut(word: string): string {
  return word.length <= longestWord
    ? word
    : Array.from(word)
        .slice(0, longestWord / 2)
        .join("");
}

/** Groups of so many letters of a word, with its beginning and its end. */
export function splitGroups(word: string, length: number): readonly string[] {
  const letters = ["^", ...Array.from(word), "$"];
  return Array.from({ length: Math.max(0, letters.length - length + 1) }, (_, at) =>
    letters.slice(at, at + length).join(""),
  );
}
