import { Fault } from "./fault.ts";

/**
 * RFC 8785 canonical JSON of a value. What JSON cannot say exactly is refused with its place, where
 * `JSON.stringify` would leave it out or write `null`: two different values never share a digest.
 */
export function toCanonicalText(value: unknown): string {
  return write(value, { pointer: "", depth: 0 });
}

export function toCanonicalBytes(value: unknown): Uint8Array {
  return encoder.encode(toCanonicalText(value));
}

const encoder = new TextEncoder();

// The strict parser's bound, and one more for the envelope a value is put in.
const maxDepth = 129;

interface Place {
  readonly pointer: string;
  readonly depth: number;
}

function write(value: unknown, place: Place): string {
  switch (typeof value) {
    case "string":
      return writeString(value, place);
    case "number":
      if (!Number.isFinite(value)) return refuse(place, `${value} is not a JSON number`);
      // ECMAScript's own shortest form is what the RFC prescribes; it writes -0 as 0.
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (place.depth >= maxDepth) return refuse(place, `it is nested deeper than ${maxDepth}`);
      return Array.isArray(value) ? writeArray(value, place) : writeObject(value, place);
    default:
      return refuse(place, `${typeof value} is not a JSON value`);
  }
}

function writeArray(array: readonly unknown[], place: Place): string {
  let text = "[";
  for (let index = 0; index < array.length; index++) {
    if (index > 0) text += ",";
    text += write(array[index], below(place, index));
  }
  return `${text}]`;
}

function writeObject(object: object, place: Place): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    return refuse(place, "it is not a plain object");
  }
  let text = "{";
  // The default order of strings is by UTF-16 code units, as the RFC has it.
  for (const key of Object.keys(object).sort()) {
    const inner = below(place, key);
    if (text.length > 1) text += ",";
    text += `${writeString(key, inner)}:${write((object as Record<string, unknown>)[key], inner)}`;
  }
  return `${text}}`;
}

function writeString(text: string, place: Place): string {
  if (!text.isWellFormed()) return refuse(place, "half of a surrogate pair stands alone");
  return JSON.stringify(text);
}

function below({ pointer, depth }: Place, key: string | number): Place {
  return { pointer: `${pointer}/${key}`, depth: depth + 1 };
}

function refuse({ pointer }: Place, reason: string): never {
  const place = pointer === "" ? "the value" : pointer;
  throw new Fault("payload_invalid", `${place} has no canonical form: ${reason}.`, {
    details: { pointer },
  });
}
