import { toPointer } from "../lib/strict-json.ts";
import { Fault } from "./fault.ts";

/**
 * RFC 8785 canonical JSON of a value. What JSON cannot say exactly is refused with its place, where
 * `JSON.stringify` would leave it out or write `null`: two different values never share a digest.
 *
 * Our own, because it is on the path of every call and the reference library takes about twice
 * the time and drops what it cannot write; `canonical.test.ts` holds the two together.
 */
export function toCanonicalText(value: unknown): string {
  return write(value, []);
}

export function toCanonicalBytes(value: unknown): Uint8Array {
  return encoder.encode(toCanonicalText(value));
}

const encoder = new TextEncoder();

// The strict parser's bound, and one more for the envelope a value is put in. Ends circles, too.
const maxDepth = 129;

type Path = (string | number)[];

function write(value: unknown, path: Path): string {
  switch (typeof value) {
    case "string":
      return writeString(value, path);
    case "number":
      if (!Number.isFinite(value)) return refuse(path, `${value} is not a JSON number`);
      // ECMAScript's own shortest form is what the RFC prescribes; it writes -0 as 0.
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (path.length >= maxDepth) return refuse(path, `it is nested deeper than ${maxDepth}`);
      return Array.isArray(value) ? writeArray(value, path) : writeObject(value, path);
    default:
      return refuse(path, `${typeof value} is not a JSON value`);
  }
}

function writeArray(array: readonly unknown[], path: Path): string {
  let text = "[";
  for (let index = 0; index < array.length; index++) {
    path.push(index);
    // A hole reads as undefined, which is refused.
    text += index === 0 ? write(array[index], path) : `,${write(array[index], path)}`;
    path.pop();
  }
  return `${text}]`;
}

function writeObject(object: object, path: Path): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    return refuse(path, "it is not a plain object");
  }
  let text = "";
  for (const key of toSorted(Object.keys(object))) {
    path.push(key);
    const inner = write((object as Record<string, unknown>)[key], path);
    text += `${text === "" ? "{" : ","}${writeString(key, path)}:${inner}`;
    path.pop();
  }
  return text === "" ? "{}" : `${text}}`;
}

/** By UTF-16 code units, as the RFC has it; our own objects are mostly in order already. */
function toSorted(keys: string[]): string[] {
  for (let index = 1; index < keys.length; index++) {
    if (keys[index - 1]! > keys[index]!) return keys.sort();
  }
  return keys;
}

// Anything but what stands for itself: control characters, quotes, backslashes, surrogates.
const needsCare = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;
// Below, the expression is faster than the call; above, the call reads many characters at once.
const shortText = 64;

function writeString(text: string, path: Path): string {
  if (text.length < shortText && !needsCare.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) return refuse(path, "half of a surrogate pair stands alone");
  return JSON.stringify(text);
}

function refuse(path: Path, reason: string): never {
  const pointer = toPointer(path);
  const place = pointer === "" ? "The value" : pointer;
  throw new Fault("payload_invalid", `${place} has no canonical form: ${reason}.`, {
    details: { pointer },
  });
}
