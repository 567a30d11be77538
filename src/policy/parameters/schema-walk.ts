import type { Json } from "../../lib/strict-json.ts";
import { isJsonObject, toSegments } from "./places.ts";

type Schema = { readonly [key: string]: Json };

/** Where a step leads in a JSON Schema: to schemas, to anything at all, or nowhere. */
export interface Step {
  readonly schemas: readonly Json[];
  readonly isOpen: boolean;
  /** The names that there are, for a suggestion. */
  readonly names: readonly string[];
}

// A schema that refers to itself in many ways would be walked for ever.
const maxSchemas = 512;

export function step(root: Json, schemas: readonly Json[], segment: string): Step {
  const steps = expand(root, schemas).map((each) =>
    isJsonObject(each)
      ? join([stepObject(each, segment), stepArray(each, segment)])
      : { schemas: [], isOpen: each === true, names: [] },
  );
  return join(steps);
}

function join(steps: readonly Step[]): Step {
  return {
    schemas: steps.flatMap((each) => each.schemas).slice(0, maxSchemas),
    isOpen: steps.some((each) => each.isOpen),
    names: [...new Set(steps.flatMap((each) => each.names))],
  };
}

/** Schemas themselves and those that they refer to or are made of. */
export function expand(root: Json, schemas: readonly Json[]): readonly Json[] {
  const found = new Set<Json>(schemas);
  for (const schema of found) {
    if (!isJsonObject(schema) || found.size > maxSchemas) continue;
    const reference = schema["$ref"];
    const target = typeof reference === "string" ? follow(root, reference) : undefined;
    if (target !== undefined) found.add(target);
    for (const key of ["then", "else"]) {
      const part = schema[key];
      if (part !== undefined) found.add(part);
    }
    for (const key of ["allOf", "anyOf", "oneOf"]) {
      const parts = schema[key];
      if (Array.isArray(parts)) for (const part of parts as readonly Json[]) found.add(part);
    }
  }
  return [...found];
}

/** `#/$defs/file`; a reference that is not a pointer leads to what may be anything. */
function follow(root: Json, reference: string): Json {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return true;
  let at: Json | undefined = root;
  for (const segment of toSegments(reference.slice(1))) {
    const holder: Json | undefined = at;
    at = undefined;
    if (isJsonObject(holder) && Object.hasOwn(holder, segment)) at = holder[segment];
    else if (Array.isArray(holder)) at = (holder as readonly Json[])[Number(segment)];
  }
  return at ?? true;
}

/** Whether its words leave room for another part to say more: then it says nothing by silence. */
function isComposed(schema: Schema): boolean {
  return ["$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "not"].some((key) =>
    Object.hasOwn(schema, key),
  );
}

function mayBe(schema: Schema, type: string): boolean {
  const types = schema["type"];
  return types === undefined || types === type || (Array.isArray(types) && types.includes(type));
}

/**
 * An object that lists properties and does not say `additionalProperties` is open by the letter;
 * nearly no author means it, and a typo would never be found.
 */
function stepObject(schema: Schema, segment: string): Step {
  if (!mayBe(schema, "object")) return nowhere;
  const { properties, patternProperties, additionalProperties } = schema;
  const listed = isJsonObject(properties) ? properties : {};
  const names = Object.keys(listed);
  const others = isJsonObject(patternProperties) ? Object.values(patternProperties) : [];
  if (segment !== "*" && Object.hasOwn(listed, segment))
    return { schemas: [listed[segment]!], isOpen: false, names };
  const more = isJsonObject(additionalProperties) ? [additionalProperties] : [];
  const isSilent = names.length === 0 && others.length === 0 && !isComposed(schema);
  const isOpen = additionalProperties === true || (additionalProperties === undefined && isSilent);
  const all = segment === "*" ? Object.values(listed) : [];
  return { schemas: [...all, ...others, ...more], isOpen: isOpen && mayHoldObject(schema), names };
}

/** `{"items": …}` alone speaks of lists. */
function mayHoldObject(schema: Schema): boolean {
  const speaksOfLists = "items" in schema || "prefixItems" in schema;
  return schema["type"] !== undefined || !speaksOfLists;
}

function stepArray(schema: Schema, segment: string): Step {
  if (!mayBe(schema, "array") || (segment !== "*" && !/^(?:0|[1-9]\d*)$/.test(segment)))
    return nowhere;
  const { items, prefixItems, additionalItems } = schema;
  const tuple = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : [];
  const rest = Array.isArray(items) ? additionalItems : items;
  if (segment !== "*" && Number(segment) < tuple.length)
    return { schemas: [(tuple as readonly Json[])[Number(segment)]!], isOpen: false, names: [] };
  const all = segment === "*" ? (tuple as readonly Json[]) : [];
  const isOpen =
    rest === true ||
    (rest === undefined &&
      schema["type"] !== undefined &&
      tuple.length === 0 &&
      !isComposed(schema));
  return { schemas: isJsonObject(rest) ? [...all, rest] : all, isOpen, names: [] };
}

const nowhere: Step = { schemas: [], isOpen: false, names: [] };

/** The types that a value there can have, or null where nothing says. */
export function typesOf(root: Json, schemas: readonly Json[]): ReadonlySet<string> | null {
  const types = new Set<string>();
  for (const schema of expand(root, schemas)) {
    if (!isJsonObject(schema)) {
      if (schema === true) return null;
      continue;
    }
    const given = schema["type"];
    const listed = Array.isArray(given) ? (given as readonly Json[]) : [given];
    for (const type of listed) if (typeof type === "string") types.add(type);
    for (const value of toConstants(schema)) types.add(typeOf(value));
    const isSilent = given === undefined && toConstants(schema).length === 0 && !isComposed(schema);
    if (isSilent && !isConstraint(schema)) return null;
  }
  return types.size === 0 ? null : types;
}

function toConstants(schema: Schema): readonly Json[] {
  const { const: constant, enum: constants } = schema;
  if (constant !== undefined) return [constant];
  return Array.isArray(constants) ? (constants as readonly Json[]) : [];
}

/** A part such as `{"minLength": 1}` says something of a type that another part names. */
function isConstraint(schema: Schema): boolean {
  return ["minLength", "maxLength", "pattern", "format", "minItems", "required"].some((key) =>
    Object.hasOwn(schema, key),
  );
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
