import { createHash } from "node:crypto";
import { parsePointer } from "../lib/exact-json.ts";
import { readPointer } from "../lib/json-pointer.ts";
import type { Json } from "../lib/strict-json.ts";
import { toCanonicalText } from "./canonical.ts";

/** Longer ones are cut nowhere: what would make one is no key. */
export const maxFactKey = 512;
/** A value that is longer, once it is encoded, stands in the key as its digest. */
const maxValue = 128;
/** More of them than anybody tells apart. */
const maxPlaceholders = 8;

/** A sign that no encoded value has. */
const outsideOfValues = /[^\w.!~*'()%=-]/;

/** `args`, `result` or `item`: what the pointers of a place may lead into. */
export type FactRoot = "args" | "result" | "item";

/** Text and placeholders in turn: it begins and ends with text, which may be empty. */
export interface FactTemplate {
  readonly texts: readonly string[];
  /** JSON Pointers, one fewer than texts. */
  readonly pointers: readonly string[];
}

/** A word that says what is wrong, where the text is no template. */
export function parseFactTemplate(
  text: string,
  roots: readonly FactRoot[],
): FactTemplate | { readonly problem: string } {
  const parts = text.split(/\{([^{}]*)\}/);
  const texts = parts.filter((_, index) => index % 2 === 0);
  const pointers = parts.filter((_, index) => index % 2 === 1);
  if (texts.some((each) => /[{}]/.test(each))) return { problem: "has a brace without its pair" };
  if (!texts.every((each) => /^[!-~]*$/.test(each)))
    return { problem: "takes printable ASCII without spaces" };
  if (texts.some((each) => /[=%]/.test(each)))
    return { problem: "takes no = or %, which stand in encoded values" };
  // Else "1-2" and "3" would make the key of "1" and "2-3".
  if (!texts.slice(1, -1).every((each) => outsideOfValues.test(each)))
    return { problem: "takes a sign such as : or / between two placeholders" };
  // No key reads as a member that every object has.
  if (!/^[a-z][a-z0-9_-]*:/.test(text))
    return { problem: "begins with a kind and a colon, such as fare:{/args/flight}" };
  if (pointers.length > maxPlaceholders)
    return { problem: `takes at most ${maxPlaceholders} placeholders` };
  for (const pointer of pointers) {
    const problem = refuseFactPointer(pointer, roots);
    if (problem !== null) return { problem: `holds {${pointer}}, which ${problem}` };
  }
  return { texts, pointers };
}

/** Null: it leads into one of the roots. */
export function refuseFactPointer(pointer: string, roots: readonly FactRoot[]): string | null {
  const [root] = parsePointer(pointer);
  const isKnown = pointer.startsWith("/") && (roots as readonly string[]).includes(root ?? "");
  const named = roots.map((each) => `/${each}`).join(" or ");
  return isKnown ? null : `is no JSON Pointer that begins with ${named}`;
}

/**
 * Null where a placeholder names nothing, or no text, number or truth value. Values are encoded, so that
 * none of them reads as two, or as what stands around it.
 */
export function toFactKey(text: string, document: Json): string | null {
  const { texts, pointers } = toTemplate(text);
  let key = texts[0]!;
  for (const [index, pointer] of pointers.entries()) {
    const value = toKeyPart(readPointer(document, pointer));
    if (value === null) return null;
    key += value + texts[index + 1]!;
  }
  return key.length <= maxFactKey ? key : null;
}

/** The same for templates that make the same keys, whatever their placeholders are called. */
export function toKeyShape(text: string): string {
  return toTemplate(text).texts.join("{}");
}

function toTemplate(text: string): FactTemplate {
  const parsed = parseFactTemplate(text, ["args", "result", "item"]);
  if ("problem" in parsed) throw new Error(`${text} ${parsed.problem}`);
  return parsed;
}

function toKeyPart(value: Json | undefined): string | null {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    return null;
  // Another number may have been read as this one.
  if (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER) return null;
  const text = typeof value === "string" ? value : toCanonicalText(value);
  // Of half a character the digest is taken over the escaped text, so that two such are two.
  const encoded = text.isWellFormed() ? encodeURIComponent(text) : null;
  if (encoded !== null && encoded.length <= maxValue) return encoded;
  // `=` stands in no encoded value: no value reads as another one's digest.
  return `=${createHash("sha256").update(JSON.stringify(text)).digest("hex")}`;
}
