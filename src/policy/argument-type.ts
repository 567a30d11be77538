import type { Json } from "../lib/strict-json.ts";
import type { CedarValue } from "./cedar.ts";

/**
 * What rules can say of an argument, out of the tool's schema. Null for what Cedar has no type for:
 * a rule that reads it is refused, so nothing is decided on a guess.
 */
export type ArgumentType =
  | { readonly kind: "string" | "long" | "decimal" | "boolean" }
  | { readonly kind: "set"; readonly element: ArgumentType }
  | RecordType;
export interface RecordType {
  readonly kind: "record";
  readonly members: ReadonlyMap<
    string,
    { readonly type: ArgumentType; readonly required: boolean }
  >;
}

type Schema = Readonly<Record<string, unknown>>;
/** Deeper schemas exist; rules that read deeper do not. */
const maxDepth = 8;
const maxMembers = 500;

const noMembers: RecordType = { kind: "record", members: new Map() };

/** The arguments are an object always, whatever their schema says beside. */
export function toArgumentType(inputSchema: unknown): RecordType {
  const type = read(inputSchema, { root: inputSchema, depth: 0 });
  return type?.kind === "record" ? type : noMembers;
}

interface Place {
  readonly root: unknown;
  readonly depth: number;
}

function read(given: unknown, place: Place): ArgumentType | null {
  if (place.depth > maxDepth) return null;
  const schema = followReference(given, place);
  if (schema === null) return null;
  // Alternatives could each be something else.
  if (["anyOf", "oneOf", "allOf", "if", "not", "$dynamicRef"].some((word) => word in schema)) {
    return readAlternatives(schema, place);
  }
  const { type } = schema;
  const named = Array.isArray(type) ? type.filter((each) => each !== "null") : [type];
  return named.length === 1 ? readNamed(named[0], schema, place) : null;
}

/** `anyOf: [X, null]` is X that may be missing; every other choice is none that a rule can read. */
function readAlternatives(schema: Schema, place: Place): ArgumentType | null {
  const words = Object.keys(schema).filter((word) => word === "anyOf" || word === "oneOf");
  const [word] = words;
  if (words.length !== 1 || "allOf" in schema || "if" in schema || "not" in schema) return null;
  const choices = schema[word!];
  if (!Array.isArray(choices)) return null;
  const real = choices.filter((choice) => !(isSchema(choice) && choice["type"] === "null"));
  return real.length === 1 && "type" in schema === false
    ? read(real[0], { ...place, depth: place.depth + 1 })
    : null;
}

function readNamed(name: unknown, schema: Schema, place: Place): ArgumentType | null {
  switch (name) {
    case "string":
      return { kind: "string" };
    case "integer":
      return { kind: "long" };
    case "number":
      return { kind: "decimal" };
    case "boolean":
      return { kind: "boolean" };
    case "array": {
      const element = read(schema["items"], { ...place, depth: place.depth + 1 });
      return element === null || "prefixItems" in schema ? null : { kind: "set", element };
    }
    case "object":
      return readRecord(schema, place);
    default:
      return null;
  }
}

function readRecord(schema: Schema, place: Place): RecordType {
  const { properties, required } = schema;
  if (!isSchema(properties)) return noMembers;
  const must = new Set(Array.isArray(required) ? required : []);
  const members = new Map<string, { type: ArgumentType; required: boolean }>();
  for (const [name, inner] of Object.entries(properties).slice(0, maxMembers)) {
    const type = read(inner, { ...place, depth: place.depth + 1 });
    if (type !== null)
      members.set(name, { type, required: must.has(name) && !mayBeNull(inner, place) });
  }
  return { kind: "record", members };
}

/** A null is a missing member to Cedar, which has none. */
function mayBeNull(given: unknown, place: Place): boolean {
  const schema = followReference(given, place);
  if (schema === null) return true;
  const { type } = schema;
  if (Array.isArray(type)) return type.includes("null");
  return type === undefined || "nullable" in schema;
}

function followReference(given: unknown, { root }: Place): Schema | null {
  let schema: unknown = given;
  for (let steps = 0; steps < maxDepth; steps += 1) {
    if (!isSchema(schema)) return null;
    const reference = schema["$ref"];
    if (reference === undefined) return schema;
    if (typeof reference !== "string" || !reference.startsWith("#/")) return null;
    schema = reference
      .slice(2)
      .split("/")
      .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce<unknown>(
        (at, part) => (isSchema(at) && Object.hasOwn(at, part) ? at[part] : undefined),
        root,
      );
  }
  return null;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What cannot be said to Cedar exactly: a rule that reads it decides nothing, and that is a no. */
export class NotExact extends Error {}

/** A value as Cedar takes it; what rules cannot read is left out. */
export function toCedarValue(type: ArgumentType, value: Json): CedarValue {
  switch (type.kind) {
    case "string":
    case "boolean":
      if (typeof value === type.kind) return value as string | boolean;
      break;
    case "long":
      if (typeof value === "number" && Number.isSafeInteger(value)) return value;
      break;
    case "decimal":
      if (typeof value === "number") return toDecimal(value);
      break;
    case "set":
      if (Array.isArray(value)) return value.map((each: Json) => toCedarValue(type.element, each));
      break;
    case "record":
      if (isSchema(value)) return toRecord(type, value);
  }
  throw new NotExact(`is no ${type.kind} that a rule can read`);
}

function toRecord(type: RecordType, value: Readonly<Record<string, Json>>): CedarValue {
  const record: Record<string, CedarValue> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner !== null && !type.members.has(name))
      throw new NotExact(`has a member, ${name.slice(0, 64)}, that a rule cannot read`);
  }
  for (const [name, member] of type.members) {
    const inner = Object.hasOwn(value, name) ? value[name] : undefined;
    if (inner === undefined || inner === null) continue;
    Object.defineProperty(record, name, {
      value: toCedarValue(member.type, inner),
      enumerable: true,
    });
  }
  return record;
}

/** Cedar's decimals have four digits behind the point; a number with more is none of them. */
function toDecimal(value: number): CedarValue {
  const text = value.toFixed(4);
  if (Math.abs(value) > 900_000_000_000_000 || Number(text) !== value)
    throw new NotExact("has more digits than a rule can read");
  return { __extn: { fn: "decimal", arg: text } };
}
