import { check, refuse } from "./signed-head.ts";

// How the offline verifier reads JSON: strictly, and with the place of what it refuses.

export type Json = null | boolean | number | string | Json[] | Members;
export type Members = { [key: string]: Json };

const maxText = 16 * 1024 * 1024;
const maxDepth = 130;

export function parseJson(text: string, place: string): Json {
  check(text.length <= maxText, place, `it is longer than ${maxText} characters`);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return refuse(place, "it is not JSON");
  }
  // Of a key that stands twice only one is read: there are fewer members than colons then.
  check(countMembers(value, place, 0) === countColons(text), place, "a key stands twice in it");
  return value;
}

/** Of JSON, outside of its strings. By hand: for a long text of escapes an expression needs too deep a stack. */
function countColons(text: string): number {
  let [count, isInside] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') isInside = !isInside;
    else if (isInside && sign === "\\") at += 1;
    else if (!isInside && sign === ":") count += 1;
  }
  return count;
}

function countMembers(value: Json, place: string, depth: number): number {
  check(depth <= maxDepth, place, `it is nested deeper than ${maxDepth}`);
  if (typeof value === "string") check(value.isWellFormed(), place, "it is not Unicode");
  if (typeof value === "number") check(Number.isFinite(value), place, "a number is too large");
  if (value === null || typeof value !== "object") return 0;
  if (!Array.isArray(value)) for (const key of Object.keys(value)) countMembers(key, place, 0);
  const inner = Object.values(value).map((each) => countMembers(each, place, depth + 1));
  return inner.reduce((sum, count) => sum + count, Array.isArray(value) ? 0 : inner.length);
}

/** RFC 8785. */
export function write(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${write(value[key]!)}`).join(",")}}`;
}

/** An object that has these members and no others. */
export function shape(value: Json | undefined, keys: string, place: string): Members {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  check(isObject, place, "it is not an object");
  const found = Object.keys(value).sort().join(" ");
  check(keys === "" || found === keys, place, `it has other members than ${keys}`);
  return value;
}

export function textOf(members: Members, key: string, place: string): string {
  const value = Object.hasOwn(members, key) ? members[key] : undefined;
  check(typeof value === "string", `${place}, ${key}`, "it is not a text");
  return value;
}

export function countOf(members: Members, key: string, place: string): number {
  const value = Object.hasOwn(members, key) ? members[key] : undefined;
  const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  check(isCount, `${place}, ${key}`, "it is not a whole number");
  return value;
}

export function listOf(members: Members, key: string, place: string): readonly Json[] {
  const value = Object.hasOwn(members, key) ? members[key] : undefined;
  check(
    Array.isArray(value) && value.length <= maxList,
    `${place}, ${key}`,
    "it is not a short list",
  );
  return value;
}

/** As many as an entry may name rules; a receipt has fewer of anything. */
const maxList = 100;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function toText(bytes: Uint8Array, place: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return refuse(place, "it is not UTF-8");
  }
}

/** In quotes, for a sentence. */
export function show(text: string): string {
  return reveal(JSON.stringify(text));
}

/** Characters that are not seen, or that turn the direction of others, as their numbers. */
export function reveal(text: string): string {
  return text.replace(
    /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu,
    (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`,
  );
}
