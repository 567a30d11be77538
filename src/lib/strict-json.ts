/** JSON as it must be when its meaning is hashed and decided on: one reading, for everybody. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export type StrictJson =
  | { readonly kind: "parsed"; readonly value: Json }
  | {
      readonly kind: "refused";
      readonly reason: string;
      /** JSON Pointer of the place; empty for the document itself. */
      readonly pointer: string;
      /** In characters of the decoded text; in bytes where it is not UTF-8. */
      readonly offset: number;
    };

export interface StrictJsonLimits {
  readonly depth: number;
}

// Deeper than any schema in use; JSON.parse would follow a hostile text until the stack ends.
const defaultLimits: StrictJsonLimits = { depth: 128 };

/**
 * Refuses what two parsers could read differently: duplicate keys, lone surrogates, a byte order
 * mark, bytes that are not UTF-8, and numbers whose decimal value a double does not keep.
 */
export function parseStrictJson(
  input: Uint8Array | string,
  limits: StrictJsonLimits = defaultLimits,
): StrictJson {
  const text = typeof input === "string" ? input : decode(input);
  if (text === null) {
    return { kind: "refused", reason: "the bytes are not UTF-8", pointer: "", offset: 0 };
  }
  const cursor: Cursor = { text, at: 0, path: [], depth: limits.depth };
  try {
    const value = parseValue(cursor);
    skipSpace(cursor);
    if (cursor.at < text.length) refuse(cursor, "more text follows the value");
    return { kind: "parsed", value };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const pointer = cursor.path.map(
      (key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`,
    );
    return {
      kind: "refused",
      reason: error.message,
      pointer: pointer.join(""),
      offset: error.offset,
    };
  }
}

interface Cursor {
  readonly text: string;
  at: number;
  readonly path: (string | number)[];
  readonly depth: number;
}

class Refusal extends Error {
  readonly offset: number;
  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}

function refuse(cursor: Cursor, reason: string, offset = cursor.at): never {
  throw new Refusal(reason, offset);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const braceOpen = 0x7b;
const bracketOpen = 0x5b;

function parseValue(cursor: Cursor): Json {
  skipSpace(cursor);
  switch (cursor.text.charCodeAt(cursor.at)) {
    case braceOpen:
      return parseObject(cursor);
    case bracketOpen:
      return parseArray(cursor);
    case quote:
      return parseString(cursor);
    case 0x74: // t
      return parseWord(cursor, "true", true);
    case 0x66: // f
      return parseWord(cursor, "false", false);
    case 0x6e: // n
      return parseWord(cursor, "null", null);
    default:
      return parseNumber(cursor);
  }
}

function parseObject(cursor: Cursor): Json {
  enter(cursor);
  const object: Record<string, Json> = {};
  if (closes(cursor, "}")) return object;
  for (;;) {
    skipSpace(cursor);
    const keyAt = cursor.at;
    if (cursor.text.charCodeAt(keyAt) !== quote) refuse(cursor, "a key in quotes is missing");
    const key = parseString(cursor);
    cursor.path.push(key);
    if (Object.hasOwn(object, key)) refuse(cursor, "the key stands twice", keyAt);
    skipSpace(cursor);
    if (cursor.text[cursor.at] !== ":") refuse(cursor, "a colon is missing");
    cursor.at += 1;
    const value = parseValue(cursor);
    if (key === "__proto__") define(object, value);
    else object[key] = value;
    cursor.path.pop();
    if (closes(cursor, "}")) return object;
    separate(cursor);
  }
}

function define(object: Record<string, Json>, value: Json): void {
  Object.defineProperty(object, "__proto__", {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function parseArray(cursor: Cursor): Json {
  enter(cursor);
  const array: Json[] = [];
  if (closes(cursor, "]")) return array;
  for (;;) {
    cursor.path.push(array.length);
    array.push(parseValue(cursor));
    cursor.path.pop();
    if (closes(cursor, "]")) return array;
    separate(cursor);
  }
}

function enter(cursor: Cursor): void {
  // The path holds a key for each level above this one.
  if (cursor.path.length >= cursor.depth)
    refuse(cursor, `it is nested deeper than ${cursor.depth}`);
  cursor.at += 1;
}

function closes(cursor: Cursor, bracket: string): boolean {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== bracket) return false;
  cursor.at += 1;
  return true;
}

function separate(cursor: Cursor): void {
  if (cursor.text[cursor.at] !== ",") refuse(cursor, "a comma or a closing bracket is missing");
  cursor.at += 1;
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    const code = cursor.text.charCodeAt(cursor.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    cursor.at += 1;
  }
}

function parseWord<Value extends Json>(cursor: Cursor, word: string, value: Value): Value {
  if (!cursor.text.startsWith(word, cursor.at)) refuse(cursor, "this is not a value");
  cursor.at += word.length;
  return value;
}

function parseString(cursor: Cursor): string {
  const start = cursor.at;
  let escaped = false;
  let at = start + 1;
  for (; ; at += 1) {
    const code = cursor.text.charCodeAt(at);
    if (code === quote) break;
    if (code === backslash) {
      escaped = true;
      at += 1;
    } else if (code < 0x20) refuse(cursor, "a control character stands in a string", at);
    // NaN: past the end.
    else if (code !== code) refuse(cursor, "a string does not end", start);
  }
  cursor.at = at + 1;
  const value = escaped ? unescape(cursor, start) : cursor.text.slice(start + 1, at);
  if (!value.isWellFormed()) refuse(cursor, "half of a surrogate pair stands alone", start);
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

const numberShape = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;

function parseNumber(cursor: Cursor): number {
  const start = cursor.at;
  numberShape.lastIndex = start;
  const match = numberShape.exec(cursor.text);
  if (match === null) {
    return refuse(
      cursor,
      start < cursor.text.length ? "this is not a value" : "the text ends early",
    );
  }
  const [literal, , fraction, exponent] = match;
  cursor.at += literal.length;
  const value = Number(literal);
  const isWhole = fraction === undefined && exponent === undefined;
  if (isWhole && !Number.isSafeInteger(value)) {
    refuse(cursor, "the whole number is beyond ±9007199254740991", start);
  }
  // Fifteen digits always survive; what is longer, or scaled, is compared digit by digit.
  const survives = isWhole || (exponent === undefined && literal.length <= 16);
  if (!survives && toDecimal(literal) !== toDecimal(String(value))) {
    refuse(cursor, "the number loses digits as a double", start);
  }
  return value;
}

/** Sign, digits without outer zeros, and the exponent of the last digit: one text a decimal value. */
function toDecimal(literal: string): string {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const trimmed = digits.replace(/0+$/, "");
  if (trimmed === "") return literal.startsWith("I") ? literal : "0";
  const scale = Number(exponent) - fraction.length + digits.length - trimmed.length;
  return `${sign}${trimmed}e${scale}`;
}
