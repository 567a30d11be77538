import type { SecretValue } from "../ports/secrets.ts";
import { createMatcher, windowLength, type Match } from "./broker-matcher.ts";
import { listSpellings, type Spelling } from "./broker-spellings.ts";

export interface KnownSecret {
  readonly name: string;
  readonly value: SecretValue;
}

/** Where a secret was found, without saying what it is. */
export interface Leak {
  readonly name: string;
  readonly spelling: Spelling;
  /** In characters of the text. */
  readonly at: number;
  readonly length: number;
}

export interface LeakScan {
  /** Known values that are not looked for: shorter than eight characters, they occur by chance. */
  readonly unscanned: readonly string[];
  /** At most a hundred, in the order of the text. */
  find(text: string): readonly Leak[];
  /** The same text with `[redacted]` in their places. What was JSON stays JSON. */
  redact(text: string): string;
}

/** The same for values that come and go; each costs what its own spellings cost. */
export interface GrowingLeakScan extends Omit<LeakScan, "unscanned"> {
  /** Of eight characters at least; gives what ends it. */
  add(secret: KnownSecret): () => void;
}

const maxLeaks = 100;
const maxSecrets = 1_000;
const mark = "[redacted]";
/** Escapes that may spell any letter at all; the others are in the spellings already. */
const mayHide = /\\[u/]/;

/** Made once for a list of values. */
export function createLeakScan(secrets: readonly KnownSecret[]): LeakScan {
  const scan = createGrowingLeakScan();
  const isLong = ({ value }: KnownSecret): boolean => value.reveal().length >= windowLength;
  for (const each of secrets) if (isLong(each)) scan.add(each);
  return Object.freeze({
    unscanned: Object.freeze(secrets.filter((one) => !isLong(one)).map(({ name }) => name)),
    find: scan.find,
    redact: scan.redact,
  });
}

/**
 * Looks for known values in arguments and results, as they are and in the spellings that programs
 * give them by themselves. It catches accidents: who wants to hide a value can always spell it anew.
 */
export function createGrowingLeakScan(): GrowingLeakScan {
  const matcher = createMatcher();
  const match: Search = (text) => matcher.find(text);
  const spelled = new Map<number, { readonly name: string; readonly spelling: Spelling }>();
  let next = 0;
  let size = 0;

  function add({ name, value }: KnownSecret): () => void {
    if (size >= maxSecrets) throw new Error(`scans for ${maxSecrets} secrets at most`);
    size += 1;
    const ends = [...listSpellings(value.reveal())]
      .filter(([text]) => text.length >= windowLength)
      .map(([text, spelling]) => {
        const index = next;
        next += 1;
        spelled.set(index, { name, spelling });
        const end = matcher.add(index, text);
        return () => {
          end();
          spelled.delete(index);
        };
      });
    return () => {
      size -= 1;
      for (const end of ends) end();
    };
  }

  function find(text: string): readonly Leak[] {
    const raw = match(text);
    const hidden = mayHide.test(text) ? findEscaped(text, match) : [];
    return [...raw, ...hidden]
      .toSorted((a, b) => a.at - b.at || b.end - a.end)
      .filter((one, index, all) => index === 0 || one.at >= all[index - 1]!.end)
      .slice(0, maxLeaks)
      .map(({ at, end, index }) => {
        const { name, spelling } = spelled.get(index)!;
        return Object.freeze({ name, spelling, at, length: end - at });
      });
  }

  return Object.freeze({
    add,
    find,
    redact(text: string) {
      if (match(text).length === 0 && !mayHide.test(text)) return text;
      return isJson(text) ? redactJson(text, match) : replace(text, match(text));
    },
  });
}

type Search = (text: string) => readonly Match[];

interface Token {
  readonly at: number;
  readonly end: number;
}

/** The strings of JSON, quotes included, in one pass: also over what is no JSON. */
function* listStrings(text: string): Iterable<Token> {
  for (let at = text.indexOf('"'); at >= 0;) {
    let end = at + 1;
    while (end < text.length && text.charAt(end) !== '"') end += text.charAt(end) === "\\" ? 2 : 1;
    if (end >= text.length) return;
    yield { at, end: end + 1 };
    at = text.indexOf('"', end + 1);
  }
}

/** Matches in what the strings with escapes mean; each stands for its whole string. */
function findEscaped(text: string, match: Search): readonly Match[] {
  return [...listStrings(text)].flatMap(({ at, end }) => {
    const token = text.slice(at, end);
    if (!mayHide.test(token)) return [];
    const found = match(decode(token) ?? "");
    return found.slice(0, 1).map(({ index }) => ({ at, end, index }));
  });
}

function redactJson(text: string, match: Search): string {
  const parts: string[] = [];
  let done = 0;
  for (const { at, end } of listStrings(text)) {
    parts.push(text.slice(done, at), redactString(text.slice(at, end), match));
    done = end;
  }
  const inStrings = `${parts.join("")}${text.slice(done)}`;
  const rest = match(inStrings);
  if (rest.length === 0) return inStrings;
  // What is left lies outside of strings, or reaches over several: a number, an object, a list.
  const whole = replaceWith(inStrings, toNumberEnds(inStrings, rest), `"${mark}"`);
  return isJson(whole) && match(whole).length === 0 ? whole : `"${mark}"`;
}

function redactString(token: string, match: Search): string {
  const meant = decode(token) ?? "";
  const found = match(meant);
  if (found.length > 0) return JSON.stringify(replace(meant, found));
  // What looks like a secret only as it is written: an escape must not be cut in two.
  return match(token).length > 0 ? `"${mark}"` : token;
}

/** A number goes whole: digits beside a mark would be no value. */
function toNumberEnds(text: string, matches: readonly Match[]): readonly Match[] {
  const isPart = (at: number): boolean => /[-+.0-9eE]/.test(text.charAt(at));
  return matches.map(({ at, end, index }) => {
    if (!isPart(at) || !isPart(end - 1)) return { at, end, index };
    let [from, to] = [at, end];
    while (from > 0 && isPart(from - 1)) from -= 1;
    while (to < text.length && isPart(to)) to += 1;
    return { at: from, end: to, index };
  });
}

function replace(text: string, matches: readonly Match[]): string {
  return replaceWith(text, matches, mark);
}

/** Matches that overlap are replaced by one mark. */
function replaceWith(text: string, matches: readonly Match[], by: string): string {
  const parts: string[] = [];
  let done = 0;
  let end = -1;
  for (const match of matches.toSorted((a, b) => a.at - b.at)) {
    if (match.at >= end) {
      if (end >= 0) done = end;
      parts.push(text.slice(done, match.at), by);
    }
    end = Math.max(end, match.end);
  }
  return end < 0 ? text : `${parts.join("")}${text.slice(end)}`;
}

function decode(token: string): string | null {
  try {
    return JSON.parse(token) as string;
  } catch {
    return null;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
