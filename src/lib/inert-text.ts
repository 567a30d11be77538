import { isDressed, toAsciiLike, toScript } from "./confusables.ts";

/**
 * Text as it is shown to somebody who decides by it: what would be invisible, would turn the order of
 * what is read, or looks like something else is named where it stands, as `⟦U+202E RIGHT-TO-LEFT
 * OVERRIDE⟧`. Joining the segments' texts hides nothing, and no two texts that differ look alike by these
 * means. Runs in a page as it does here.
 */
export type InertMark = "hidden" | "direction" | "lookalike" | "control";

export interface InertSegment {
  /** What is shown, with the name in brackets where there is one. */
  readonly text: string;
  /** `direction` without a name: letters that are read from the right, to be set apart from what is around. */
  readonly mark: InertMark | null;
  readonly name: string | null;
}

export interface InertOptions {
  /** Leaves line breaks as they are; else they are named, too. */
  readonly lines?: boolean;
  /** The text is JSON: what follows a backslash is no letter of the word beside it. */
  readonly escapes?: boolean;
}

const names: Readonly<Record<number, string>> = {
  0x00: "NULL",
  0x07: "BELL",
  0x08: "BACKSPACE",
  0x09: "TAB",
  0x0a: "LINE FEED",
  0x0d: "CARRIAGE RETURN",
  0x1b: "ESCAPE",
  0x7f: "DELETE",
  0x9b: "CONTROL SEQUENCE INTRODUCER",
  0xa0: "NO-BREAK SPACE",
  0xad: "SOFT HYPHEN",
  0x34f: "COMBINING GRAPHEME JOINER",
  0x61c: "ARABIC LETTER MARK",
  0x180e: "MONGOLIAN VOWEL SEPARATOR",
  0x200b: "ZERO WIDTH SPACE",
  0x200c: "ZERO WIDTH NON-JOINER",
  0x200d: "ZERO WIDTH JOINER",
  0x200e: "LEFT-TO-RIGHT MARK",
  0x200f: "RIGHT-TO-LEFT MARK",
  0x2028: "LINE SEPARATOR",
  0x2029: "PARAGRAPH SEPARATOR",
  0x202a: "LEFT-TO-RIGHT EMBEDDING",
  0x202b: "RIGHT-TO-LEFT EMBEDDING",
  0x202c: "POP DIRECTIONAL FORMATTING",
  0x202d: "LEFT-TO-RIGHT OVERRIDE",
  0x202e: "RIGHT-TO-LEFT OVERRIDE",
  0x202f: "NARROW NO-BREAK SPACE",
  0x2060: "WORD JOINER",
  0x2061: "FUNCTION APPLICATION",
  0x2062: "INVISIBLE TIMES",
  0x2063: "INVISIBLE SEPARATOR",
  0x2064: "INVISIBLE PLUS",
  0x2066: "LEFT-TO-RIGHT ISOLATE",
  0x2067: "RIGHT-TO-LEFT ISOLATE",
  0x2068: "FIRST STRONG ISOLATE",
  0x2069: "POP DIRECTIONAL ISOLATE",
  0x27e6: "BRACKET OF A MARK",
  0x27e7: "BRACKET OF A MARK",
  0x2800: "BRAILLE BLANK",
  0x3000: "IDEOGRAPHIC SPACE",
  0x3164: "HANGUL FILLER",
  0xfeff: "BYTE ORDER MARK",
  0xfff9: "INTERLINEAR ANNOTATION ANCHOR",
  0xfffa: "INTERLINEAR ANNOTATION SEPARATOR",
  0xfffb: "INTERLINEAR ANNOTATION TERMINATOR",
  0xfffc: "OBJECT REPLACEMENT",
};

/** In this order: the first that fits gives the mark, and the name where the table above has none. */
const kinds: readonly (readonly [InertMark, string, RegExp])[] = [
  ["control", "CONTROL", /^\p{Cc}$/u],
  ["direction", "DIRECTION CONTROL", /^[\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f]$/],
  ["hidden", "LONE SURROGATE", /^\p{Cs}$/u],
  ["hidden", "PRIVATE USE", /^\p{Co}$/u],
  ["hidden", "INVISIBLE", /^[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\ufffc\u{1d159}]$/u],
  ["hidden", "UNASSIGNED", /^\p{Cn}$/u],
  ["hidden", "UNUSUAL SPACE", /^(?! )\p{Z}$/u],
  ["hidden", "OVERLAY", /^[\u0334-\u0338\u20d0-\u20ff]$/],
  ["lookalike", "BRACKET OF A MARK", /^[\u27e6\u27e7]$/],
];

const words = /[\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_]+/gu;
const wordsOrEscapes = /\\(?:u[0-9a-f]{4}|[^])?|[\p{L}\p{M}\p{N}_]+|[^\\\p{L}\p{M}\p{N}_]+/gu;
const plain = /^[\x20-\x7e]*$/;
const plainLines = /^[\x20-\x7e\n]*$/;
/** More marks on one letter than any language writes would cover what stands around it. */
const mostMarks = 4;

export function toInertSegments(text: string, options: InertOptions = {}): readonly InertSegment[] {
  const kept = options.lines === true ? plainLines : plain;
  if (kept.test(text)) return text === "" ? [] : [{ text, mark: null, name: null }];
  const found: Found[] = [];
  for (const [word] of text.matchAll(options.escapes === true ? wordsOrEscapes : words)) {
    const isWord = /^[\p{L}\p{M}\p{N}_]/u.test(word);
    if (kept.test(word)) found.push(toFound(word));
    else if (isWord) for (const letter of judgeWord(word)) found.push(letter);
    else for (const sign of word) found.push(judgeSign(sign, kept));
  }
  return join(found).flatMap(toSegments);
}

/** For a terminal: nothing that it would obey is left. */
export function toPlainInert(text: string, options: InertOptions = {}): string {
  return toInertSegments(text, options)
    .map((segment) => segment.text)
    .join("");
}

interface Found {
  readonly letters: string;
  /** What it looks like: ASCII, or null where nothing can be said. */
  readonly like: string | null;
  readonly kind: { readonly mark: InertMark; readonly name: string } | null;
}

const toFound = (letters: string): Found => ({ letters, like: null, kind: null });

function judgeSign(sign: string, kept: RegExp): Found {
  if (kept.test(sign)) return toFound(sign);
  return toNamed(sign) ?? toLikeness(sign) ?? toFound(sign);
}

function toNamed(letter: string): Found | null {
  for (const [mark, other, pattern] of kinds) {
    if (!pattern.test(letter)) continue;
    const name = `${toCode(letter)} ${nameOf(letter.codePointAt(0)!, other)}`;
    return { letters: letter, like: null, kind: { mark, name } };
  }
  return null;
}

function nameOf(code: number, other: string): string {
  if (code >= 0xe0021 && code <= 0xe007e) return `TAG ${String.fromCodePoint(code - 0xe0000)}`;
  if (code >= 0xe0000 && code <= 0xe007f) return "TAG";
  if (code >= 0xfe00 && code <= 0xfe0f) return `VARIATION SELECTOR-${code - 0xfe00 + 1}`;
  if (code >= 0xe0100 && code <= 0xe01ef) return `VARIATION SELECTOR-${code - 0xe0100 + 17}`;
  return names[code] ?? other;
}

function toLikeness(letter: string): Found | null {
  const like = toAsciiLike(letter);
  if (like === null || !isDressed(letter)) return null;
  return { letters: letter, like, kind: { mark: "lookalike", name: toScript(letter) ?? "" } };
}

/** A word of letters, marks and digits, not all of them ASCII. */
function judgeWord(word: string): readonly Found[] {
  const letters = Array.from(word);
  const isStrange = toStrangers(letters);
  const hasAscii = /[A-Za-z0-9]/.test(word);
  let marks = mostMarks;
  return letters.map((letter): Found => {
    if (/^[\x20-\x7e]$/.test(letter)) {
      marks = 0;
      return toFound(letter);
    }
    const named = toNamed(letter);
    if (named !== null) return named;
    // A mark without a letter of its own sits on whatever stands before the text.
    marks = /^\p{M}$/u.test(letter) ? marks + 1 : 0;
    if (marks > mostMarks) {
      const name = `${toCode(letter)} COMBINING MARK`;
      return { letters: letter, like: null, kind: { mark: "hidden", name } };
    }
    const script = toScript(letter) ?? "";
    const isOddDigit = hasAscii && /^\p{Nd}$/u.test(letter);
    if (!isStrange(script) && !isOddDigit) return toLikeness(letter) ?? toFound(letter);
    return {
      letters: letter,
      like: toAsciiLike(letter),
      kind: { mark: "lookalike", name: script },
    };
  });
}

/** Whose letters stand out in a word: of another script than the rest, or all of them print like ASCII. */
function toStrangers(letters: readonly string[]): (script: string) => boolean {
  const scripts = letters.map(toScript).filter((script) => script !== null);
  const [first] = scripts;
  const distinct = new Set(scripts);
  if (first === undefined) return () => false;
  if (distinct.size === 1) {
    const alike = letters.every((letter) => toScript(letter) === null || toAsciiLike(letter));
    return (script) => script === first && first !== "LATIN" && alike;
  }
  if (distinct.size === 2 && distinct.has("LATIN") && distinct.has("EAST ASIAN"))
    return () => false;
  const base = distinct.has("LATIN") ? "LATIN" : first;
  return (script) => script !== "" && script !== base;
}

interface Run extends Found {
  readonly count: number;
}

/** Neighbours of one kind become one, so that a word of look-alikes is named once. */
function join(found: readonly Found[]): readonly Run[] {
  const runs: Run[] = [];
  for (const one of found) {
    const last = runs.at(-1);
    if (last === undefined || !isSameKind(last, one)) runs.push({ ...one, count: 1 });
    else runs[runs.length - 1] = extend(last, one);
  }
  return runs;
}

function isSameKind(a: Found, b: Found): boolean {
  if (a.kind === null || b.kind === null) return a.kind === b.kind;
  if (a.kind.mark !== b.kind.mark || a.kind.name !== b.kind.name) return false;
  return a.kind.mark !== "lookalike" || (a.like === null) === (b.like === null);
}

function extend(last: Run, one: Found): Run {
  const like = last.like === null || one.like === null ? null : last.like + one.like;
  return { ...last, letters: last.letters + one.letters, like, count: last.count + 1 };
}

function toSegments({ letters, like, kind, count }: Run): readonly InertSegment[] {
  if (kind === null) return splitDirections(letters);
  const { mark } = kind;
  if (mark === "lookalike" && !letters.startsWith("⟦") && !letters.startsWith("⟧")) {
    const name = toLikeName(letters, { script: kind.name, like });
    return [{ text: `${letters}⟦${name}⟧`, mark, name }];
  }
  const name = count === 1 ? kind.name : `${kind.name} ×${count}`;
  return [{ text: `⟦${name}⟧`, mark, name }];
}

/** Longer runs of look-alikes are counted: the letters themselves stand before the bracket. */
const mostCodes = 4;

function toLikeName(
  letters: string,
  { script, like }: { readonly script: string; readonly like: string | null },
): string {
  const all = Array.from(letters);
  const codes = all.length > mostCodes ? `${all.length} LETTERS` : all.map(toCode).join(" ");
  const named = script === "" ? codes : `${codes} ${script}`;
  return like === null ? named : `${named}, LIKE ${like}`;
}

/** Runs of letters that are read from the right, with the spaces between them. */
const fromRight =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]+(?:[ \p{M}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]+)*\p{M}*/gu;

function splitDirections(letters: string): readonly InertSegment[] {
  const segments: InertSegment[] = [];
  let end = 0;
  const keep = (text: string) => {
    if (text !== "") segments.push({ text, mark: null, name: null });
  };
  for (const match of letters.matchAll(fromRight)) {
    keep(letters.slice(end, match.index));
    segments.push({ text: match[0], mark: "direction", name: null });
    end = match.index + match[0].length;
  }
  keep(letters.slice(end));
  return segments;
}

function toCode(letter: string): string {
  return `U+${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}
