/**
 * The words of a command, or why it is not only words. Accepted is what every POSIX shell, and
 * every splitter that stands in for one, reads alike: plain words, 'single' and "double" quotes,
 * blanks between. The list of characters is of those allowed, so that what is not thought of here
 * is refused: operators, expansions, globs, comments, history, escapes.
 */
export type Words =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "refused"; readonly why: string };

// No word without a shell's meaning needs more.
const plain = /[A-Za-z0-9_\-.,:/@%+=]+/y;
const blank = /[ \t]+/y;
const single = /'([^']*)'/y;
const double = /"((?:[^"\\]|\\["\\])*)"/y;

export function splitWords(text: string): Words {
  const words: string[] = [];
  let word: string | null = null;
  let at = 0;
  const take = (shape: RegExp): RegExpExecArray | null => {
    shape.lastIndex = at;
    const found = shape.exec(text);
    if (found !== null) at = shape.lastIndex;
    return found;
  };
  while (at < text.length) {
    if (take(blank) !== null) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    const found = take(plain);
    const quoted = found === null ? (take(single) ?? take(double)) : null;
    if (found === null && quoted === null) return { kind: "refused", why: explain(text, at) };
    if (quoted !== null && !isQuotable(quoted[0])) return refuseQuoted(quoted[0]);
    const piece = found?.[0] ?? quoted![1]!;
    word = (word ?? "") + (quoted?.[0].startsWith('"') === true ? unescape(piece) : piece);
  }
  if (word !== null) words.push(word);
  return { kind: "words", words };
}

function unescape(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}

function isQuotable(quoted: string): boolean {
  if (!quoted.isWellFormed() || /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u.test(quoted)) return false;
  return quoted.startsWith("'") || !/[$`!]/.test(quoted);
}

function refuseQuoted(quoted: string): Words {
  const why = /[$`!]/.test(quoted)
    ? "holds $, ` or ! between double quotes; put it between single quotes"
    : "holds a control or invisible character between quotes";
  return { kind: "refused", why };
}

const meanings: readonly (readonly [RegExp, string])[] = [
  [/[\r\n]/, "a line break"],
  [/\p{Cc}/u, "a control character"],
  [/['"]/, "a quote without its end, or a backslash between double quotes"],
  [/\\/, "a backslash outside of quotes"],
  [/[;&|]/, "an operator"],
  [/[<>]/, "a redirection"],
  [/[$`]/, "an expansion"],
  [/[()]/, "a subshell"],
  [/[*?[\]]/, "a pattern"],
  [/[{}]/, "a brace"],
  [/~/, "a ~"],
  [/#/, "a comment"],
  [/!/, "a !"],
];

function explain(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at)!);
  const meaning = meanings.find(([shape]) => shape.test(character))?.[1];
  return `holds ${meaning ?? "a character that has to stand between quotes"}`;
}
