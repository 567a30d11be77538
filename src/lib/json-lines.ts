import type { Json } from "./strict-json.ts";

/** One line of a value that is printed over several. */
export interface JsonLine {
  readonly depth: number;
  readonly text: string;
}

interface Pending {
  readonly value: Json;
  readonly depth: number;
  readonly before: string;
  readonly after: string;
}

/**
 * A value as lines of JSON: exactly what is in it, its strings and numbers spelled as in canonical JSON.
 * It keeps its own stack, so that no depth of nesting ends it.
 */
export function toJsonLines(value: Json): readonly JsonLine[] {
  const lines: JsonLine[] = [];
  const left: (Pending | JsonLine)[] = [{ value, depth: 0, before: "", after: "" }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if ("text" in next) {
      lines.push(next);
      continue;
    }
    const members = toMembers(next);
    const { depth, before, after } = next;
    if (members === null || members.length === 0) {
      lines.push({ depth, text: `${before}${toWord(next.value)}${after}` });
      continue;
    }
    const [open, close] = Array.isArray(next.value) ? ["[", "]"] : ["{", "}"];
    lines.push({ depth, text: `${before}${open}` });
    left.push({ depth, text: `${close}${after}` });
    for (const member of members.toReversed()) left.push(member);
  }
  return lines;
}

/** Of what fits a line. */
function toWord(value: Json): string {
  if (Array.isArray(value)) return "[]";
  return typeof value === "object" && value !== null ? "{}" : JSON.stringify(value);
}

function toMembers({ value, depth }: Pending): readonly Pending[] | null {
  if (typeof value !== "object" || value === null) return null;
  const members = Array.isArray(value)
    ? value.map((each: Json) => ["", each] as const)
    : Object.entries(value).map(([key, each]) => [`${JSON.stringify(key)}: `, each] as const);
  return members.map(([before, each], index) => ({
    value: each,
    depth: depth + 1,
    before,
    after: index === members.length - 1 ? "" : ",",
  }));
}
