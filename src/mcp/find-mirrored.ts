import type { Json } from "../lib/strict-json.ts";
import type { Mirrored } from "./mirrored.ts";
import { isObject } from "./read-message.ts";

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const primitives: ReadonlySet<Json> = new Set(["string", "integer", "boolean"]);

/** Hold values and names, not schemas. */
const values: ReadonlySet<string> = new Set([
  "default",
  "const",
  "enum",
  "examples",
  "dependentRequired",
]);

/** The arguments that a schema wants in headers, or why the tool may not be offered (`x-mcp-header`). */
export function findMirrored(schema: Json): readonly Mirrored[] | string {
  const found: Mirrored[] = [];
  const used = new Set<string>();
  const reason = walk(schema, [], true);
  return reason ?? found;

  function walk(value: Json, path: readonly string[], isReachable: boolean): string | null {
    if (typeof value !== "object" || value === null) return null;
    if (Array.isArray(value)) return first(value.map((inner: Json) => walk(inner, path, false)));
    const own = isObject(value) && "x-mcp-header" in value ? note(value, path, isReachable) : null;
    if (own !== null) return own;
    return first(
      Object.entries(value).map(([key, inner]) => {
        if (values.has(key)) return null;
        if (key !== "properties" || !isObject(inner)) return walk(inner, path, false);
        return first(
          Object.entries(inner).map(([name, each]) => walk(each, [...path, name], isReachable)),
        );
      }),
    );
  }

  function note(
    value: { readonly [key: string]: Json },
    path: readonly string[],
    isReachable: boolean,
  ): string | null {
    const header = value["x-mcp-header"];
    if (typeof header !== "string" || !token.test(header))
      return "an x-mcp-header is not a header name";
    if (!isReachable || path.length === 0)
      return `x-mcp-header ${header} stands where no argument is sure to be`;
    if (!primitives.has(value["type"] ?? null))
      return `x-mcp-header ${header} is on a parameter that is no string, integer or boolean`;
    if (used.has(header.toLowerCase())) return `x-mcp-header ${header} stands twice`;
    used.add(header.toLowerCase());
    found.push({ header: header.toLowerCase(), path });
    return null;
  }
}

function first(reasons: readonly (string | null)[]): string | null {
  return reasons.find((reason) => reason !== null) ?? null;
}
