import {
  nextCode,
  parseNumber,
  parseString,
  parseWord,
  quote,
  Refusal,
  refuse,
  type Cursor,
} from "./json-cursor.ts";

/** JSON as it must be when its meaning is hashed and decided on: one reading, for everybody. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export type StrictJson =
  | {
      readonly kind: "parsed";
      readonly value: Json;
      /** The text of the marked member, as it stands there; null where there is none. */
      readonly marked: string | null;
    }
  | {
      readonly kind: "refused";
      readonly reason: string;
      /** JSON Pointer of the place; empty for the document itself. */
      readonly pointer: string;
      /** In bytes of what came as bytes, in UTF-16 units of what came as text. */
      readonly offset: number;
    };

export interface StrictJsonLimits {
  readonly depth: number;
  /** Keys that lead to a member whose own text is wanted besides its value. */
  readonly mark?: readonly string[];
}

// Deeper than any schema in use; JSON.parse would follow a hostile text until the stack ends.
const defaultLimits: StrictJsonLimits = { depth: 128 };

/**
 * Refuses what two parsers could read differently: duplicate keys, lone surrogates, a byte order
 * mark, bytes that are not UTF-8, and numbers that a double does not keep (see `keepsDecimal`).
 * What is accepted means what `JSON.parse` should say; the engine's own reading of a key with an
 * escape can depend on the keys that it read before (nodejs/node#63785), and this one does not.
 */
export function parseStrictJson(
  input: Uint8Array | string,
  limits: StrictJsonLimits = defaultLimits,
): StrictJson {
  const text = typeof input === "string" ? input : decode(input);
  if (text === null) return refuseEncoding(input as Uint8Array, limits);
  // What was decoded from UTF-8 has no lone surrogates; a text is looked at once, whole.
  const isWellFormed = typeof input !== "string" || input.isWellFormed();
  const cursor: Cursor = {
    text,
    at: 0,
    path: [],
    depth: limits.depth,
    isWellFormed,
    mark: limits.mark ?? null,
    marked: null,
  };
  try {
    if (text.charCodeAt(0) === byteOrderMark) refuse(cursor, "a byte order mark stands first");
    const value = parseValue(cursor);
    if (!Number.isNaN(nextCode(cursor))) refuse(cursor, "more text follows the value");
    return { kind: "parsed", value, marked: cursor.marked };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message: reason, offset } = error;
    const inBytes = (): number => encoder.encode(text.slice(0, offset)).length;
    return {
      kind: "refused",
      reason,
      pointer: toPointer(cursor.path),
      offset: typeof input === "string" ? offset : inBytes(),
    };
  }
}

/** RFC 6901. */
export function toPointer(path: readonly (string | number)[]): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** The place of the first byte that is not UTF-8: the text before it is read to learn where it is. */
function refuseEncoding(bytes: Uint8Array, limits: StrictJsonLimits): StrictJson {
  const canStart = (length: number): boolean => {
    try {
      const prefix = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      prefix.decode(bytes.subarray(0, length), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  let [valid, invalid] = [0, bytes.length + 1];
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (canStart(middle)) valid = middle;
    else invalid = middle;
  }
  const before = new TextDecoder().decode(bytes.subarray(0, valid));
  const read = parseStrictJson(before, limits);
  const pointer = read.kind === "refused" ? read.pointer : "";
  return { kind: "refused", reason: "the bytes are not UTF-8", pointer, offset: valid };
}

const byteOrderMark = 0xfeff;
const comma = 0x2c;
const colon = 0x3a;
const bracketClose = 0x5d;
const braceClose = 0x7d;

function parseValue(cursor: Cursor): Json {
  switch (nextCode(cursor)) {
    case quote:
      return parseString(cursor);
    case 0x7b: // {
      return parseObject(cursor);
    case 0x5b: // [
      return parseArray(cursor);
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
  if (nextCode(cursor) === braceClose) return leave(cursor, object);
  for (;;) {
    if (nextCode(cursor) !== quote) refuse(cursor, "a key in quotes is missing");
    const keyAt = cursor.at;
    const key = parseString(cursor);
    cursor.path.push(key);
    if (Object.hasOwn(object, key)) refuse(cursor, "the key stands twice", keyAt);
    if (nextCode(cursor) !== colon) refuse(cursor, "a colon is missing");
    cursor.at += 1;
    const value = isMarked(cursor, key) ? parseMarked(cursor) : parseValue(cursor);
    if (key === "__proto__") define(object, value);
    else object[key] = value;
    cursor.path.pop();
    if (nextCode(cursor) === braceClose) return leave(cursor, object);
    separate(cursor);
  }
}

function isMarked({ mark, path }: Cursor, key: string): boolean {
  if (mark === null || path.length !== mark.length || mark.at(-1) !== key) return false;
  return mark.every((step, index) => path[index] === step);
}

function parseMarked(cursor: Cursor): Json {
  nextCode(cursor);
  const start = cursor.at;
  const value = parseValue(cursor);
  cursor.marked = cursor.text.slice(start, cursor.at);
  return value;
}

/** Assigning to this key would set the prototype instead. */
function define(object: Record<string, Json>, value: Json): void {
  const free = { enumerable: true, configurable: true, writable: true };
  Object.defineProperty(object, "__proto__", { value, ...free });
}

function parseArray(cursor: Cursor): Json {
  enter(cursor);
  const array: Json[] = [];
  if (nextCode(cursor) === bracketClose) return leave(cursor, array);
  for (;;) {
    cursor.path.push(array.length);
    array.push(parseValue(cursor));
    cursor.path.pop();
    if (nextCode(cursor) === bracketClose) return leave(cursor, array);
    separate(cursor);
  }
}

function enter(cursor: Cursor): void {
  // The path holds a key for each level above this one.
  if (cursor.path.length >= cursor.depth)
    refuse(cursor, `it is nested deeper than ${cursor.depth}`);
  cursor.at += 1;
}

function leave<Value extends Json>(cursor: Cursor, value: Value): Value {
  cursor.at += 1;
  return value;
}

function separate(cursor: Cursor): void {
  if (cursor.text.charCodeAt(cursor.at) !== comma)
    refuse(cursor, "a comma or a closing bracket is missing");
  cursor.at += 1;
}
