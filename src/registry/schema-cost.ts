import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { weighPattern } from "./pattern-cost.ts";

/** Larger or deeper schemas than any tool in use; compiling them is what a hostile server would want. */
const bounds = { bytes: 256 * 1024, depth: 64, nodes: 8_000, inPlace: 5_000 };

/** Keywords whose schemas judge the very value that their own schema judges. */
const inPlace: ReadonlySet<string> = new Set([
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "dependentSchemas",
  "dependencies",
]);
/** What can point elsewhere while the schema is used, or judges by a promise. */
const refused: ReadonlySet<string> = new Set(["$async", "$dynamicRef", "$recursiveRef"]);
/** Hold values, not schemas. */
const values: ReadonlySet<string> = new Set(["default", "const", "enum", "examples"]);

/** What would take too long to compile or to match, or would not judge at all; null: nothing. */
export function findTooMuch(schema: Json): string | null {
  if (JSON.stringify(schema).length > bounds.bytes) return "the schema is too large";
  return findBadPart(schema) ?? findEndless(schema);
}

function findBadPart(schema: Json): string | null {
  let nodes = 0;
  function walk(value: Json, { depth, key, isData }: Place): string | null {
    nodes += 1;
    if (depth > bounds.depth) return "the schema is nested too deep";
    if (nodes > bounds.nodes) return "the schema has too many parts";
    if (key === "pattern" && !isData && typeof value === "string" && isEndless(value))
      return endless;
    if (typeof value !== "object" || value === null) return null;
    for (const [name, inner] of Object.entries(value)) {
      if (!isData && key !== "properties" && refused.has(name)) return `the schema uses ${name}`;
      if (!isData && key === "patternProperties" && isEndless(name)) return endless;
      const isValue = isData || (values.has(name) && key !== "properties");
      const found = walk(inner, { depth: depth + 1, key: name, isData: isValue });
      if (found !== null) return found;
    }
    return null;
  }
  return walk(schema, { depth: 0, key: "", isData: false });
}

interface Place {
  readonly depth: number;
  readonly key: string;
  /** Below a keyword whose value is no schema. */
  readonly isData: boolean;
}

const endless = "the schema has a pattern that may never end";
function isEndless(pattern: string): boolean {
  return weighPattern(pattern).kind === "unbounded";
}

/**
 * References that lead back to the same value never end, and those that fan out take as long as they
 * are deep, doubled each time: both are found by following them as the check would.
 */
function findEndless(root: Json): string | null {
  const costs = new Map<Json, number>();
  const open = new Set<Json>();

  /** How many schemas judge a value together with this one; Infinity where they go round. */
  function cost(schema: Json): number {
    if (!isObject(schema)) return 1;
    const known = costs.get(schema);
    if (known !== undefined) return known;
    if (open.has(schema)) return Infinity;
    open.add(schema);
    let sum = 1;
    for (const [key, value] of Object.entries(schema)) {
      if (key === "$ref" && typeof value === "string") sum += costOfReference(value);
      else if (inPlace.has(key)) for (const inner of schemasOf(value)) sum += cost(inner);
    }
    open.delete(schema);
    costs.set(schema, sum);
    return sum;
  }
  function costOfReference(reference: string): number {
    const target = resolve(root, reference);
    return target === undefined ? 1 : cost(target);
  }

  let worst = 0;
  function visit(value: Json): void {
    if (typeof value !== "object" || value === null) return;
    if (!Array.isArray(value)) worst = Math.max(worst, cost(value));
    for (const inner of Object.values(value)) visit(inner as Json);
  }
  visit(root);
  if (worst === Infinity) return "the schema refers to itself without end";
  return worst > bounds.inPlace ? "the schema refers to too many parts at once" : null;
}

function schemasOf(value: Json): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[];
  if (!isObject(value)) return [];
  // One schema, or several by name: what is no schema among them costs nothing.
  return [value, ...Object.values(value)].filter(isObject);
}

/** Within the same document; undefined for what the compiler has to refuse or find by its anchor. */
function resolve(root: Json, reference: string): Json | undefined {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  let at: Json | undefined = root;
  for (const step of reference.slice(2).split("/")) {
    const key = decode(step).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = (at as readonly Json[])[Number(key)];
    else at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
