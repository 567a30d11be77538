import { isAlias, isMap, isScalar, isSeq, type ParsedNode } from "yaml";
import { renderKeyPath, type KeyPath, type Problem } from "../../model/problem.ts";
import type { Locate, Place } from "./locate.ts";

export interface Plain {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The place of a path, or of the nearest thing around it when it is not there. */
  readonly placeOf: (path: KeyPath, at: "key" | "value") => Place;
}

interface Walk {
  readonly locate: Locate;
  readonly places: Map<string, Standing>;
  readonly problems: Problem[];
}

/** Where the key and where its value stands. */
interface Standing {
  readonly key: Place;
  readonly value: Place;
}

interface MapItem {
  readonly key: ParsedNode & { readonly value?: unknown };
  readonly value: ParsedNode | null;
}

const maxDepth = 64;

/** Parsed nodes become plain values: no aliases, no tags, each key once, all text well formed. */
export function toPlain(root: ParsedNode, locate: Locate): Plain {
  const walk: Walk = { locate, places: new Map(), problems: [] };
  const value = visit(walk, root, []);
  return {
    value,
    problems: walk.problems,
    placeOf: (path, at) => findPlace(walk.places, path, at),
  };
}

function visit(walk: Walk, node: ParsedNode, path: KeyPath): unknown {
  const refusal = refuseNode(node, path);
  if (refusal !== null) {
    const place = walk.locate(node.range[0]);
    walk.problems.push({ ...place, key: renderKeyPath(path), message: refusal, suggestion: null });
    return undefined;
  }
  if (isMap(node)) return visitMap(walk, node.items, path);
  if (isScalar(node)) return node.value;
  return isSeq(node) ? visitList(walk, node.items, path) : undefined;
}

function refuseNode(node: ParsedNode, path: KeyPath): string | null {
  if (isAlias(node)) return "is an alias (*); write the value out";
  if (node.anchor !== undefined) return "has an anchor (&); write the value out where it is used";
  if (node.tag !== undefined) return "has a tag (!); write a plain value";
  if (path.length > maxDepth) return `is nested deeper than ${maxDepth} levels`;
  const isBroken = isScalar(node) && typeof node.value === "string" && !isText(node.value);
  return isBroken ? "holds a character that is no text" : null;
}

function visitList(walk: Walk, items: readonly ParsedNode[], path: KeyPath): unknown[] {
  return items.map((item, index) => {
    const at = [...path, index];
    const place = walk.locate(item.range[0]);
    walk.places.set(toPlaceKey(at), { key: place, value: place });
    return visit(walk, item, at);
  });
}

function visitMap(walk: Walk, items: readonly MapItem[], path: KeyPath): Record<string, unknown> {
  const mapping: Record<string, unknown> = {};
  for (const { key: keyNode, value } of items) {
    const key = String(keyNode.value);
    const at = [...path, key];
    const place = walk.locate(keyNode.range[0]);
    const refusal = refuseKey(keyNode, mapping);
    if (refusal !== null) {
      walk.problems.push({ ...place, key: renderKeyPath(at), message: refusal, suggestion: null });
      continue;
    }
    // A text or a number is itself what a person corrects; of anything else, the key is shown.
    const isValue = isScalar(value) && value.value !== null;
    walk.places.set(toPlaceKey(at), {
      key: place,
      value: isValue ? walk.locate(value.range[0]) : place,
    });
    mapping[key] = value === null ? null : visit(walk, value, at);
  }
  return mapping;
}

function refuseKey(node: MapItem["key"], mapping: Record<string, unknown>): string | null {
  const key = String(node.value);
  if (isAlias(node)) return "is an alias (*); write the key out";
  if (node.anchor !== undefined || node.tag !== undefined)
    return "has an anchor or a tag; write a plain key";
  // Assigning it would set the prototype instead of a key that every reader sees.
  if (key === "__proto__") return "is not a known key";
  if (key === "<<") return "is a merge key; write the keys out";
  if (!isText(key)) return "holds a character that is no text";
  return Object.hasOwn(mapping, key) ? "is there twice" : null;
}

/** Escapes in double quotes can make what the scan of the source refuses. */
function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

function findPlace(
  places: ReadonlyMap<string, Standing>,
  path: KeyPath,
  at: "key" | "value",
): Place {
  const exact = places.get(toPlaceKey(path));
  if (exact !== undefined) return exact[at];
  for (let length = path.length - 1; length > 0; length--) {
    const around = places.get(toPlaceKey(path.slice(0, length)));
    if (around !== undefined) return around.key;
  }
  return { line: 1, column: 1 };
}

function toPlaceKey(path: KeyPath): string {
  return JSON.stringify(path);
}
