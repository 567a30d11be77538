import { readPointer } from "../lib/json-pointer.ts";
import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import type { Bundle } from "../model/bundle.ts";
import type { FactRule, FactRules, NeedRule } from "../model/config-facts.ts";
import { toFactKey, toKeyShape } from "../model/fact-key.ts";
import { toCanonicalText } from "../model/index.ts";
import type { Catalog } from "../ports/catalog.ts";
import { findTool } from "./offered-tools.ts";

/** What a tool declares: as its bundle has it, and as the configuration has it now. Both apply (I7). */
export interface BothRules {
  readonly facts: readonly FactRule[];
  readonly needs: readonly NeedRule[];
  readonly changes: readonly string[];
}

/** Null: it declares nothing, as most tools do. */
export function toFactRules(bundle: Bundle, catalog: Catalog, exposed: string): BothRules | null {
  const begun: FactRules | undefined = bundle.tools.find((tool) => tool.exposed === exposed);
  const now: FactRules | undefined = findTool(bundle, catalog, exposed)?.config;
  const rules = {
    facts: join(begun?.facts, now?.facts),
    needs: join(begun?.needs, now?.needs),
    changes: join(begun?.changes, now?.changes),
  };
  const { facts, needs, changes } = rules;
  return facts.length + needs.length + changes.length === 0 ? null : rules;
}

function join<Rule extends object | string>(
  begun: readonly Rule[] = [],
  now: readonly Rule[] = [],
): readonly Rule[] {
  if (begun.length === 0) return now;
  const known = new Set(begun.map(toText));
  return [...begun, ...now.filter((rule) => !known.has(toText(rule)))];
}

const toText = (rule: object | string): string => toCanonicalText(JSON.parse(JSON.stringify(rule)));

export interface Fact {
  readonly key: string;
  readonly value: Json;
}

/** More of one result than are noted. */
const maxFacts = 64;

/** What an answer says of things. One that it says two things of is both: no argument is the same as that. */
export function deriveFacts(rules: readonly FactRule[], args: Json, text: string): readonly Fact[] {
  const result = readResult(text);
  if (result === null) return [];
  const found = new Map<string, Map<string, Json>>();
  const whole = withoutMeta(result);
  const textOf = rememberTexts();
  let length = 0;
  for (const { key: template, each, value: pointer } of rules) {
    for (const item of listItems(result, each)) {
      const document: Json = { args, result, ...(item === undefined ? {} : { item }) };
      const key = toFactKey(template, document);
      const all = item === undefined ? whole : item;
      const value = pointer === undefined ? all : readPointer(document, pointer);
      if (key === null || value === undefined) continue;
      // By its text, so that many answers about one thing take no longer than they are long.
      const values = found.get(key) ?? new Map<string, Json>();
      const said = textOf(value);
      if (values.has(said)) continue;
      if (values.size === 0 && (found.size >= maxFacts || length > longestValues)) continue;
      length += said.length;
      found.set(key, values.set(said, value));
    }
  }
  return [...found].map(([key, values]) => {
    const [first, ...others] = values.values();
    return { key, value: others.length === 0 ? first! : [first!, ...others] };
  });
}

/** What all items share is written out once. */
function rememberTexts(): (value: Json) => string {
  const texts = new Map<object, string>();
  return (value) => {
    if (value === null || typeof value !== "object") return toCanonicalText(value);
    const text = texts.get(value) ?? toCanonicalText(value);
    texts.set(value, text);
    return text;
  };
}

/** Of one result at most so many items are looked at. */
const maxItems = 1_000;

function listItems(result: Json, each: string | undefined): readonly (Json | undefined)[] {
  if (each === undefined) return [undefined];
  const items = readPointer({ result }, each);
  return Array.isArray(items) ? (items as readonly Json[]).slice(0, maxItems) : [];
}

/** What a server says beside its answer is another each time. */
function withoutMeta(result: Json): Json {
  if (!isObject(result)) return result;
  const { _meta, ...said } = result;
  return said;
}

/** A longer answer says nothing of things: to look through it would hold up everybody else. */
const longestAnswer = 2 * 1_024 * 1_024;

/** Of values that are noted of it: what many items share could be as long as that many times. */
const longestValues = longestAnswer;

/** Null: the answer is none of a tool, or too long. */
function readResult(text: string): Json | null {
  if (!text.startsWith("{") || text.length > longestAnswer) return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** How long a fact of such a key is believed: as the strictest of the rules that may have made it says. */
export function toFreshMs(facts: readonly FactRule[], need: NeedRule): number {
  const shape = toKeyShape(need.fact);
  const ofShape = facts.filter(({ key }) => toKeyShape(key) === shape);
  const rules = ofShape.length === 0 ? facts : ofShape;
  // Nobody says any more how long: then it is not believed.
  const declaredMs = rules.length === 0 ? 0 : Math.min(...rules.map(({ fresh }) => fresh));
  return Math.min(declaredMs, need.fresh ?? Number.POSITIVE_INFINITY);
}

/** Tools of the bundle that read such a fact. */
export function listReaders(
  bundle: Bundle,
  catalog: Catalog,
  { fact }: NeedRule,
): readonly string[] {
  const shape = toKeyShape(fact);
  return bundle.tools.flatMap(({ exposed }) => {
    const rules = toFactRules(bundle, catalog, exposed)?.facts ?? [];
    return rules.some(({ key }) => toKeyShape(key) === shape) ? [exposed] : [];
  });
}
