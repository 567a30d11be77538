import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import { isObject, type Params } from "../mcp/read-message.ts";
import { toCanonicalText, toDigest, type Digest } from "../model/index.ts";
import { findMirrored } from "../mcp/find-mirrored.ts";

/** A tool as its server defines it. */
export interface Definition {
  readonly name: string;
  /** Over everything that a model or a person acts on. */
  readonly digest: Digest;
  /** The whole definition, fields that we do not know included. */
  readonly value: Params;
  /** Canonical text of the same: what is stored with the pin. */
  readonly text: string;
}

export type ReadDefinition =
  | { readonly kind: "read"; readonly definition: Definition }
  | { readonly kind: "refused"; readonly name: string; readonly reason: string };

const maxBytes = 256 * 1024;
const maxName = 256;

/** Decoration only: it may change without anybody being asked. */
const decoration: ReadonlySet<string> = new Set(["icons", "_meta"]);

export function readDefinition(value: Json): ReadDefinition {
  const name = isObject(value) && typeof value["name"] === "string" ? value["name"] : "";
  const refused = (reason: string): ReadDefinition => ({
    kind: "refused",
    name: name.slice(0, maxName),
    reason,
  });
  if (!isObject(value) || name === "" || name.length > maxName)
    return refused("it has no usable name");
  if (!isObject(value["inputSchema"])) return refused("it has no inputSchema");
  const mirrored = findMirrored(value["inputSchema"]);
  if (typeof mirrored === "string") return refused(mirrored);
  let text: string;
  try {
    text = toCanonicalText(value);
  } catch {
    return refused("it holds what canonical JSON cannot say");
  }
  if (text.length > maxBytes) return refused(`it is larger than ${maxBytes} bytes`);
  return { kind: "read", definition: { name, value, text, digest: digestOf(value) } };
}

/** A stored definition is one of ours, so it reads; and strictly, so that its digest is what it was. */
export function fromStored(bytes: Uint8Array): Definition {
  const text = new TextDecoder().decode(bytes);
  const read = parseStrictJson(text);
  if (read.kind === "refused") throw new Error(`a stored definition does not read: ${read.reason}`);
  const value = read.value as Params;
  return { name: value["name"] as string, value, text, digest: digestOf(value) };
}

function digestOf(value: Params): Digest {
  const kept = Object.entries(value).filter(([key]) => !decoration.has(key));
  return toDigest(toCanonicalText(Object.fromEntries(kept)));
}
