import type { Drift } from "../../../../src/client/client.ts";
import { diffJson, type Difference } from "../../../../src/lib/diff-json.ts";
import { toInertSegments } from "../../../../src/lib/inert-text.ts";
import { parseStrictJson, type Json } from "../../../../src/lib/strict-json.ts";

export interface ReadDrift {
  /** What became of the tool. */
  readonly kind: "added" | "gone" | "changed";
  /** What a model reads first. */
  readonly differences: readonly Difference[];
  readonly more: boolean;
  /** Signs of the new definition that nobody would see, or would take for others. */
  readonly hidden: number;
}

/** More than anybody reads at once. */
const mostShown = 200;

export function readDrift({ before, after }: Pick<Drift, "before" | "after">): ReadDrift {
  const kind = before === null ? "added" : after === null ? "gone" : "changed";
  const { list, more } = diffJson(parse(before), parse(after), mostShown);
  const differences = list.toSorted((a, b) => toPlace(a.pointer) - toPlace(b.pointer));
  return { kind, differences, more, hidden: after === null ? 0 : countHidden(parse(after)) };
}

const order = ["/description", "/title", "/annotations", "/inputSchema", "/outputSchema"];

function toPlace(pointer: string): number {
  const at = order.findIndex((each) => pointer.startsWith(each));
  return at === -1 ? order.length : at;
}

/** A definition is JSON that the server made; what is none is shown as the text it is. */
function parse(text: string | null): Json {
  if (text === null) return {};
  const read = parseStrictJson(text);
  return read.kind === "parsed" ? read.value : text;
}

function countHidden(value: Json): number {
  let count = 0;
  const left: Json[] = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next === "string") count += countMarks(next);
    else if (Array.isArray(next)) left.push(...(next as readonly Json[]));
    else if (typeof next === "object" && next !== null)
      for (const [key, each] of Object.entries(next)) left.push(key, each);
  }
  return count;
}

function countMarks(text: string): number {
  return toInertSegments(text, { lines: true }).filter(({ name }) => name !== null).length;
}

/** The names that lead to a place: `inputSchema`, `properties`, `to`. */
export function toSteps(pointer: string): readonly string[] {
  if (pointer === "") return ["the definition"];
  return pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
