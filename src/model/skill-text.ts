/** What one token is, only its model knows; the estimate goes by its name. */
export const tokenEstimate = "utf8-bytes/4";

export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/**
 * What nobody sees, but for the white space that programs and licences are written with. Tags and selectors
 * beyond the first plane are named whether they are assigned or not.
 */
const unseen =
  /(?![\t\n\f\r])[\p{Cc}\p{Cf}\p{Co}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800\u{e0000}-\u{e01ef}]/gu;
/** Turns the order of what is read, or says something to a model that no person sees. */
const treacherous = /[\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e01ef}]/gu;
const pictureBefore = /[\p{Extended_Pictographic}\p{Emoji_Modifier}0-9#*]\ufe0f?$/u;
const pictureAfter = /^\p{Extended_Pictographic}/u;

export interface HiddenSign {
  /** `U+202E`. */
  readonly code: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  readonly isTreacherous: boolean;
}

/** The first few of a text, the treacherous ones first: one of a flood says as much as all of them. */
export function findHidden(text: string, most = 8): readonly HiddenSign[] {
  const traps = findSigns(text, treacherous, most);
  const others = findSigns(text, unseen, most).filter(({ isTreacherous }) => !isTreacherous);
  return [...traps, ...others].slice(0, most);
}

/** Looks no further than it has to: a text may be megabytes of what is not seen. */
function findSigns(text: string, signs: RegExp, most: number): readonly HiddenSign[] {
  const found: HiddenSign[] = [];
  for (const { 0: sign, index } of text.matchAll(signs)) {
    if (isHarmless(sign, text, index)) continue;
    const before = text.slice(0, index).split("\n");
    found.push({
      code: toCode(sign),
      line: before.length,
      column: before.at(-1)!.length + 1,
      isTreacherous: signs === treacherous || sign.search(treacherous) !== -1,
    });
    if (found.length >= most) break;
  }
  return found;
}

/** A text as a model or a person reads it: what would not be seen is named where it stands. */
export function showHidden(text: string): string {
  return text.replace(unseen, (sign, index: number) =>
    isHarmless(sign, text, index) ? sign : `⟦${toCode(sign)}⟧`,
  );
}

/** The joiners and selectors that belong to a picture. */
function isHarmless(sign: string, text: string, index: number): boolean {
  if (sign !== "\ufe0f" && sign !== "\u200d") return false;
  const isAfterPicture = pictureBefore.test(text.slice(Math.max(0, index - 3), index));
  if (sign === "\ufe0f") return isAfterPicture && text[index - 1] !== "\ufe0f";
  return isAfterPicture && pictureAfter.test(text.slice(index + 1, index + 3));
}

function toCode(sign: string): string {
  return `U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}
