import { parseStrictJson, type Json } from "../../../../src/lib/strict-json.ts";

/** One argument of a tool as a person fills it in. */
export interface FormField {
  readonly name: string;
  /** `json`: no plain field can hold it. */
  readonly kind: "text" | "number" | "integer" | "choice" | "json";
  readonly isRequired: boolean;
  readonly description: string;
  /** Of a choice. */
  readonly choices: readonly Json[];
  /** What the tool takes where nothing is said, as JSON. */
  readonly fallback: string | null;
}

type JsonObject = Readonly<Record<string, Json>>;
export type Filled = Readonly<Record<string, string>>;

/** More than this is read and written faster as one text. */
const mostFields = 40;
const mostChoices = 100;

/** Null: no form can be made of this schema, and the arguments are written as JSON. */
export function toFormFields(schema: unknown): readonly FormField[] | null {
  if (!isObject(schema)) return null;
  const { properties = {}, required = [] } = schema;
  const combines = ["anyOf", "oneOf", "allOf", "if", "$ref"].some((key) => key in schema);
  if (combines || !isObject(properties)) return null;
  const names = Object.keys(properties);
  if (names.length > mostFields) return null;
  const needed = Array.isArray(required) ? (required as readonly Json[]) : [];
  return names
    .map((name) => toField(name, properties[name]!, needed.includes(name)))
    .toSorted((a, b) => Number(b.isRequired) - Number(a.isRequired));
}

function toField(name: string, schema: Json, isRequired: boolean): FormField {
  const of = isObject(schema) ? schema : {};
  const { description, default: fallback } = of;
  const common = {
    name,
    isRequired,
    description: typeof description === "string" ? description : "",
    fallback: fallback === undefined ? null : JSON.stringify(fallback),
  };
  const choices = toChoices(of);
  if (choices !== null) return { ...common, kind: "choice", choices };
  return { ...common, kind: toKind(of), choices: [] };
}

function toKind(schema: JsonObject): FormField["kind"] {
  const type = toType(schema);
  if (type === "string") return "text";
  return type === "number" || type === "integer" ? type : "json";
}

/** The one type besides null; null where there are several, or none. */
function toType({ type }: JsonObject): string | null {
  const types = (Array.isArray(type) ? (type as readonly Json[]) : [type]).filter(
    (each) => each !== "null",
  );
  return types.length === 1 && typeof types[0] === "string" ? types[0] : null;
}

function toChoices(schema: JsonObject): readonly Json[] | null {
  const { enum: listed } = schema;
  if (Array.isArray(listed) && listed.length > 0 && listed.length <= mostChoices)
    return listed as readonly Json[];
  if ("const" in schema) return [schema["const"]!];
  return toType(schema) === "boolean" ? [true, false] : null;
}

export interface ReadForm {
  readonly args: JsonObject;
  /** By the name of the field. */
  readonly wrong: Readonly<Record<string, string>>;
}

/** What was filled in; an empty field that need not be there is left out. */
export function readForm(fields: readonly FormField[], filled: Filled): ReadForm {
  const args: [string, Json][] = [];
  const wrong: [string, string][] = [];
  for (const field of fields) {
    const read = readField(field, filled[field.name] ?? "");
    if (read.kind === "wrong") wrong.push([field.name, read.why]);
    if (read.kind === "value") args.push([field.name, read.value]);
  }
  return { args: Object.fromEntries(args), wrong: Object.fromEntries(wrong) };
}

type ReadField =
  | { readonly kind: "absent" }
  | { readonly kind: "value"; readonly value: Json }
  | { readonly kind: "wrong"; readonly why: string };

function readField({ kind, isRequired, fallback }: FormField, text: string): ReadField {
  if (text === "") {
    if (!isRequired || fallback !== null) return { kind: "absent" };
    return { kind: "wrong", why: "The tool needs this one." };
  }
  if (kind === "text") return { kind: "value", value: text };
  const read = parseStrictJson(text.trim());
  if (read.kind === "refused") {
    if (kind !== "json") return { kind: "wrong", why: "This takes a number." };
    return {
      kind: "wrong",
      why: `${read.pointer === "" ? "" : `${read.pointer}: `}${read.reason}`,
    };
  }
  const { value } = read;
  if (kind === "json" || kind === "choice") return { kind: "value", value };
  if (typeof value !== "number") return { kind: "wrong", why: "This takes a number." };
  if (kind === "integer" && !Number.isInteger(value))
    return { kind: "wrong", why: "This takes a whole number." };
  return { kind: "value", value };
}

/** The fields as they would be filled in for these arguments; null where a field cannot hold its value. */
export function toFilled(fields: readonly FormField[], args: JsonObject): Filled | null {
  const filled: [string, string][] = [];
  for (const [name, value] of Object.entries(args)) {
    const field = fields.find((each) => each.name === name);
    if (field === undefined) return null;
    if (field.kind === "text" && (typeof value !== "string" || value === "")) return null;
    filled.push([name, field.kind === "text" ? (value as string) : JSON.stringify(value)]);
  }
  return Object.fromEntries(filled);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
