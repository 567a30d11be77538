import type { Json } from "../lib/strict-json.ts";

/** A value of an earlier result, in a text of a script: `{{ result "flights__search" "/flights/0/id" }}`. */
export interface ScriptReference {
  /** As it is written. */
  readonly text: string;
  /** The latest result of this tool. */
  readonly tool: string;
  /** JSON Pointer into it; empty: all of it. */
  readonly pointer: string;
}

/** A result that a conversation has, as the model was given it. */
export interface ScriptResult {
  readonly tool: string;
  readonly text: string;
}

const reference =
  /\{\{\s*result\s+"(?<tool>[A-Za-z0-9_.:/-]{1,128})"\s+"(?<pointer>(?:\/(?:[^/~"{}]|~[01])*)*)"\s*\}\}/g;

export const notReference =
  'has a {{ that begins no reference: write {{ result "TOOL" "/json/pointer" }}';

/** Whether every `{{` in it begins a reference. */
export function hasOnlyReferences(value: Json): boolean {
  return listTexts(value).every((text) => !text.replaceAll(reference, "").includes("{{"));
}

export type Filled =
  | { readonly kind: "filled"; readonly value: Json }
  /** The first reference that cannot be filled in, with the reason. */
  | { readonly kind: "missing"; readonly why: string };

/**
 * Every reference replaced by what it stands for. A text that is one reference and nothing else takes the
 * value as it is; into a longer one only texts, numbers and truth values go.
 */
export function fillReferences(value: Json, results: readonly ScriptResult[]): Filled {
  const found = new Map<string, Json>();
  for (const text of listTexts(value)) {
    for (const each of listReferences(text)) {
      const got = findValue(each, results);
      if (got.kind === "missing") return got;
      if (each.text !== text && !isPlain(got.value)) {
        const why = `${each.text} finds no text, number or truth value`;
        return { kind: "missing", why: `${why}, and nothing else goes into a longer text.` };
      }
      found.set(each.text, got.value);
    }
  }
  return { kind: "filled", value: replaceIn(value, found) };
}

function listReferences(text: string): readonly ScriptReference[] {
  return [...text.matchAll(reference)].map(({ 0: whole, groups }) => ({
    text: whole,
    tool: groups!["tool"]!,
    pointer: groups!["pointer"]!,
  }));
}

function findValue(wanted: ScriptReference, results: readonly ScriptResult[]): Filled {
  const { text, tool, pointer } = wanted;
  const missing = (why: string): Filled => ({ kind: "missing", why: `${text} ${why}` });
  const result = results.findLast((each) => each.tool === tool);
  if (result === undefined) return missing(`finds nothing: there is no result of ${tool} yet.`);
  const whole = parseResult(result.text);
  if (whole === undefined) return missing(`finds nothing: the result of ${tool} is no JSON.`);
  let value: Json | undefined = whole;
  for (const step of pointer.split("/").slice(1)) {
    value = takeStep(value, step.replaceAll("~1", "/").replaceAll("~0", "~"));
    if (value === undefined) return missing(`finds nothing: the result has no ${pointer}.`);
  }
  return { kind: "filled", value };
}

function takeStep(value: Json, step: string): Json | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) {
    return /^(?:0|[1-9]\d{0,8})$/.test(step) ? (value as readonly Json[])[Number(step)] : undefined;
  }
  const members = value as { readonly [name: string]: Json };
  return Object.hasOwn(members, step) ? members[step] : undefined;
}

function parseResult(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function replaceIn(value: Json, found: ReadonlyMap<string, Json>): Json {
  if (typeof value === "string") {
    const whole = found.get(value);
    if (whole !== undefined) return whole;
    return value.replaceAll(reference, (each) => toText(found.get(each)!));
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each: Json) => replaceIn(each, found));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, replaceIn(each, found)]),
  );
}

function listTexts(value: Json): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((each) => listTexts(each));
}

function toText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isPlain(value: Json): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}
