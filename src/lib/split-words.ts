/** More of one text are not looked at. */
const mostWords = 20_000;
/** Longer ones are no words; what they begin with is. */
const longestWord = 64;

/**
 * The words of a text as they are looked for: letters and digits alone, compatible forms made alike, in
 * small letters. What was joined by - _ . / : or @ stands there as a whole as well, without these signs,
 * so that an identifier is found in any spelling.
 */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  for (const [joined] of text.normalize("NFKC").toLowerCase().matchAll(joinedShape)) {
    const parts = joined.match(partShape) ?? [];
    // One by one: what is joined may have more parts than a call takes arguments.
    for (const part of parts.slice(0, mostWords)) words.push(cut(part));
    if (parts.length > 1 && /\p{N}/u.test(joined)) words.push(cut(parts.join("")));
    if (words.length >= mostWords) break;
  }
  return words.slice(0, mostWords);
}

const joinedShape = /[\p{L}\p{N}\p{M}]+(?:[-_./:@][\p{L}\p{N}\p{M}]+)*/gu;
const partShape = /[\p{L}\p{N}\p{M}]+/gu;

/** By code points: half of a character is none. */
function cut(word: string): string {
  return word.length <= longestWord
    ? word
    : Array.from(word)
        .slice(0, longestWord / 2)
        .join("");
}
