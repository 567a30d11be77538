/**
 * What a pattern can cost, from its text. JavaScript's engine tries again and again: with one run it
 * looks at a text once, with two side by side as often as the text is long, and so on; a run inside a
 * repeated group has no bound at all.
 */
export type PatternCost =
  | { readonly kind: "unbounded" }
  /** How long a text it may be tried on. */
  | { readonly kind: "bounded"; readonly maxLength: number };

const maxPattern = 512;
/** Steps that one match may take; a few milliseconds. */
const maxSteps = 10_000_000;
const maxDegree = 6;
/** A repetition of at most this many is no run. */
const maxCount = 32;

const unbounded = { kind: "unbounded" } as const;

export function weighPattern(pattern: string): PatternCost {
  if (pattern.length > maxPattern) return unbounded;
  const degree = countRuns(pattern);
  if (degree === null || degree > maxDegree) return unbounded;
  // Without an anchor each place of the text is a start of its own.
  const total = pattern.startsWith("^") ? degree : degree + 1;
  const maxLength = total <= 1 ? Infinity : Math.floor(maxSteps ** (1 / total));
  return { kind: "bounded", maxLength };
}

/** A group, and whether something inside can be of more than one length or kind. */
interface Group {
  varies: boolean;
}

/** How many runs stand in the pattern; null where what varies is repeated, or where it goes back. */
function countRuns(pattern: string): number | null {
  const groups: Group[] = [];
  let runs = 0;
  let last: Group | null = null;
  const note = (): void => groups.forEach((group) => void (group.varies = true));
  for (let at = 0; at < pattern.length; at += 1) {
    const repeated = last;
    last = null;
    const character = pattern[at]!;
    if (character === "\\") {
      if (/[1-9k]/.test(pattern[at + 1] ?? "")) return null;
      at += 1;
    } else if (character === "[") at = endOfClass(pattern, at);
    else if (character === "(") {
      groups.push({ varies: false });
      // What follows the question mark says which kind of group it is.
      if (pattern[at + 1] === "?") at += 1;
    } else if (character === ")") last = groups.pop() ?? null;
    else if (character === "|") note();
    else if ("*+?{".includes(character)) {
      const repeat = readRepeat(pattern.slice(at));
      at += repeat.length - 1;
      if (repeat.most > 1 && repeated?.varies === true) return null;
      if (repeat.most > maxCount) runs += 1;
      if (repeat.least !== repeat.most) note();
    }
  }
  return runs;
}

function endOfClass(pattern: string, from: number): number {
  let at = from + 1;
  while (at < pattern.length && pattern[at] !== "]") at += pattern[at] === "\\" ? 2 : 1;
  return at;
}

interface Repeat {
  readonly least: number;
  readonly most: number;
  readonly length: number;
}

function readRepeat(text: string): Repeat {
  const lazy = (length: number): number => (text[length] === "?" ? length + 1 : length);
  if (text.startsWith("?")) return { least: 0, most: 1, length: lazy(1) };
  if (!text.startsWith("{")) return { least: 0, most: Infinity, length: lazy(1) };
  const [whole, least, comma, most] = /^\{(\d+)(,?)(\d*)\}/.exec(text) ?? [];
  // A brace that opens no count stands for itself.
  if (whole === undefined) return { least: 1, most: 1, length: 1 };
  const top = comma === "" ? Number(least) : most === "" ? Infinity : Number(most);
  return { least: Number(least), most: top, length: lazy(whole.length) };
}
