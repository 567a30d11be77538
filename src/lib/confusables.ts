/**
 * Letters and signs that print like ASCII. Small on purpose: what most fonts draw alike, of the scripts
 * that have such letters. Full-width and mathematical letters are found by their normal form instead.
 */
const letters: Readonly<Record<string, string>> = {
  A: "ΑАᎪꓮ",
  B: "ΒВᏴꓐ",
  C: "СᏟꓚ",
  D: "Ꭰꓓ",
  E: "ΕЕᎬꓰ",
  F: "Ϝꓝ",
  G: "ԌᏀꓖ",
  H: "ΗНᎻꓧ",
  I: "ΙІӀꓲ",
  J: "ЈᎫꓙ",
  K: "ΚКᏦꓗ",
  L: "Ꮮꓡ",
  M: "ΜМᎷꓟ",
  N: "Νꓠ",
  O: "ΟОՕꓳ",
  P: "ΡРᏢꓑ",
  Q: "Ԛ",
  R: "Ꭱꓣ",
  S: "ЅՏᏚꓢ",
  T: "ΤТᎢꓔ",
  U: "Սꓴ",
  V: "ѴᏙꓦ",
  W: "ԜᎳꓪ",
  X: "ΧХꓫ",
  Y: "ΥҮꓬ",
  Z: "ΖᏃꓜ",
  a: "аαɑ",
  b: "Ьᏼ",
  c: "сϲᴄ",
  d: "ԁ",
  e: "еҽ",
  g: "ɡց",
  h: "һհᏂ",
  i: "іιıɩɪ",
  j: "јϳȷ",
  k: "κкᴋ",
  l: "ӏוןІا",
  m: "мᴍ",
  n: "ոռ",
  o: "оοօσᴏ",
  p: "рρ",
  q: "ԛգզ",
  r: "гᴦ",
  s: "ѕꜱ",
  u: "υսᴜ",
  v: "νѵᴠ",
  w: "ԝաᴡ",
  x: "хχ",
  y: "уγүʏ",
  z: "ᴢ",
};

const signs: Readonly<Record<string, string>> = {
  "/": "⁄∕⧸╱〳",
  "\\": "∖⧵⧹╲",
  ".": "․ꓸ",
  ":": "∶꞉ː։׃ꓽ",
  ";": "\u037e",
  "-": "‐‑−⁃˗➖",
  _: "ˍ",
  "!": "ǃ",
  "<": "‹˂ᐸ",
  ">": "›˃ᐳ",
  "*": "∗⁎٭",
  "~": "∼˜",
  "|": "∣ǀ⏐",
  ",": "‚٫",
  "%": "٪",
  "&": "ꝸ",
};

const toMap = (table: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(table).flatMap(([ascii, others]) =>
      Array.from(others, (letter): [string, string] => [letter, ascii]),
    ),
  );
const letterLikes = toMap(letters);
const signLikes = toMap(signs);

/** Blocks whose members are ASCII in another dress: letter-like, Roman, small, full-width, mathematical. */
const dressed =
  /^[\u017f\u2024\u2100-\u214f\u2160-\u217f\ufe50-\ufe6f\uff01-\uff5e\u{1d400}-\u{1d7ff}]$/u;
/** Wide punctuation is ordinary in Chinese and Japanese, and plainly wide. */
const wide = /^[\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]$/;

/** The ASCII that a letter or sign of another block prints like. Null: none. */
export function toAsciiLike(letter: string): string | null {
  const listed = letterLikes.get(letter) ?? signLikes.get(letter);
  if (listed !== undefined) return listed;
  if (!dressed.test(letter) || wide.test(letter)) return null;
  const normal = letter.normalize("NFKC");
  // The Kelvin sign and such are letters; a double arrow or "℃" is not mistaken for one.
  if (/^[\x21-\x7e]$/.test(normal)) return normal;
  return letterLikes.get(normal) ?? null;
}

/** Whether it is taken for ASCII wherever it stands, not only in a word of other letters. */
export function isDressed(letter: string): boolean {
  return dressed.test(letter) || signLikes.has(letter) || /^\p{Script=Latin}$/u.test(letter);
}

const scripts: readonly (readonly [string, RegExp])[] = [
  ["LATIN", /^\p{Script=Latin}$/u],
  ["CYRILLIC", /^\p{Script=Cyrillic}$/u],
  ["GREEK", /^\p{Script=Greek}$/u],
  ["ARMENIAN", /^\p{Script=Armenian}$/u],
  ["HEBREW", /^\p{Script=Hebrew}$/u],
  ["ARABIC", /^\p{Script=Arabic}$/u],
  ["GEORGIAN", /^\p{Script=Georgian}$/u],
  ["CHEROKEE", /^\p{Script=Cherokee}$/u],
  ["COPTIC", /^\p{Script=Coptic}$/u],
  ["LISU", /^\p{Script=Lisu}$/u],
  // Written together, with Latin between them, in ordinary Japanese, Chinese and Korean.
  [
    "EAST ASIAN",
    /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]$/u,
  ],
];

/** Null for what every script shares: digits, signs, marks. */
export function toScript(letter: string): string | null {
  if (/^[\p{Script=Common}\p{Script=Inherited}]$/u.test(letter)) return null;
  return scripts.find(([, pattern]) => pattern.test(letter))?.[0] ?? "OTHER";
}
