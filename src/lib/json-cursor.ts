import { keepsDecimal } from "./keeps-decimal.ts";

/** A place in a text of JSON; the path to it, the outermost key first. */
export interface Cursor {
  readonly text: string;
  at: number;
  readonly path: (string | number)[];
  readonly depth: number;
  readonly isWellFormed: boolean;
  readonly mark: readonly string[] | null;
  marked: string | null;
}

export class Refusal extends Error {
  readonly offset: number;
  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}

export function refuse(cursor: Cursor, reason: string, offset = cursor.at): never {
  throw new Refusal(reason, offset);
}

export const quote = 0x22;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const backslash = 0x5c;

/** The code after white space; NaN at the end. */
export function nextCode(cursor: Cursor): number {
  const { text } = cursor;
  let code = text.charCodeAt(cursor.at);
  while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
    cursor.at += 1;
    code = text.charCodeAt(cursor.at);
  }
  return code;
}

export function parseWord<Value>(cursor: Cursor, word: string, value: Value): Value {
  if (!cursor.text.startsWith(word, cursor.at)) refuse(cursor, "this is not a value");
  cursor.at += word.length;
  return value;
}

export function parseString(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.at;
  let escaped = false;
  let at = start + 1;
  for (; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) break;
    if (code === backslash) {
      escaped = true;
      at += 1;
    } else if (code < 0x20) refuse(cursor, "a control character stands in a string", at);
    // NaN: past the end.
    else if (code !== code) refuse(cursor, "a string does not end", start);
  }
  cursor.at = at + 1;
  const value = escaped ? unescape(cursor, start) : text.slice(start + 1, at);
  if ((escaped || !cursor.isWellFormed) && !value.isWellFormed())
    refuse(cursor, "half of a surrogate pair stands alone", start);
  return value;
}

/** Escapes are rare and short: the engine's own reading of them is the one everybody has. */
function unescape(cursor: Cursor, start: number): string {
  try {
    return JSON.parse(cursor.text.slice(start, cursor.at)) as string;
  } catch {
    return refuse(cursor, "an escape is wrong", start);
  }
}

/** Whole numbers of up to 15 digits, which are nearly all, are read on the way. */
export function parseNumber(cursor: Cursor): number {
  const { text } = cursor;
  const start = cursor.at;
  const isNegative = text.charCodeAt(start) === minus;
  const first = isNegative ? start + 1 : start;
  let at = first;
  let whole = 0;
  let code = text.charCodeAt(at);
  for (; code >= zero && code <= 0x39; code = text.charCodeAt(at)) {
    whole = whole * 10 + (code - zero);
    at += 1;
    if (at - first === 1 && whole === 0) {
      code = text.charCodeAt(at);
      break;
    }
  }
  const isPlain = code !== point && code !== 0x65 && code !== 0x45;
  if (!isPlain || at === first || at - first > 15) return parseLongNumber(cursor);
  cursor.at = at;
  return isNegative ? -whole : whole;
}

const numberShape = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function parseLongNumber(cursor: Cursor): number {
  const { text, at: start } = cursor;
  numberShape.lastIndex = start;
  if (!numberShape.test(text)) {
    refuse(cursor, start < text.length ? "this is not a value" : "the text ends early");
  }
  const literal = text.slice(start, numberShape.lastIndex);
  const value = Number(literal);
  if (!Number.isFinite(value)) refuse(cursor, "the number is larger than a double holds");
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21)
    refuse(cursor, "the whole number is beyond ±9007199254740991");
  if (!keepsDecimal(literal, value)) refuse(cursor, "the number loses digits as a double");
  cursor.at += literal.length;
  return value;
}
