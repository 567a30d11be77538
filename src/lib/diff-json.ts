import type { Json } from "./strict-json.ts";

/** One place where two values differ, as a JSON Pointer (RFC 6901); the whole value is at "". */
export interface Difference {
  readonly pointer: string;
  readonly kind: "added" | "removed" | "changed";
  /** Undefined where there was nothing. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

export interface Differences {
  readonly list: readonly Difference[];
  /** Whether there are more than were looked for. */
  readonly more: boolean;
}

/** More than anybody reads; whoever shows them says that there are more. */
const mostDifferences = 1_000;

interface Pair {
  readonly pointer: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/**
 * Where two JSON values differ, in the order of their canonical text. Lists are compared place by place.
 * It keeps its own stack, so that no depth of nesting ends it.
 */
export function diffJson(before: Json, after: Json, most = mostDifferences): Differences {
  const list: Difference[] = [];
  const left: Pair[] = [{ pointer: "", before, after }];
  for (let pair = left.pop(); pair !== undefined; pair = left.pop()) {
    const inner = toInner(pair);
    if (inner !== null) {
      for (const each of inner.toReversed()) left.push(each);
      continue;
    }
    if (pair.before === pair.after) continue;
    if (list.length === most) return { list, more: true };
    list.push({ ...pair, kind: toKind(pair) });
  }
  return { list, more: false };
}

function toKind(pair: Pair): Difference["kind"] {
  if (pair.before === undefined) return "added";
  return pair.after === undefined ? "removed" : "changed";
}

/** What two lists or two objects hold at the same places; null for what is compared as it is. */
function toInner({ pointer, before, after }: Pair): readonly Pair[] | null {
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => ({
      pointer: `${pointer}/${index}`,
      before: before[index] as Json | undefined,
      after: after[index] as Json | undefined,
    }));
  }
  if (!isObject(before) || !isObject(after)) return null;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted(byCodeUnit);
  return keys.map((key) => ({
    pointer: `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`,
    before: Object.hasOwn(before, key) ? before[key] : undefined,
    after: Object.hasOwn(after, key) ? after[key] : undefined,
  }));
}

type JsonObject = Readonly<Record<string, Json>>;

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As RFC 8785 orders members. */
function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
