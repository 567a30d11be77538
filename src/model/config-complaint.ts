import { z } from "zod";
import { closest } from "../lib/closest.ts";
import { configSchema } from "./config.ts";
import { renderKeyPath, type KeyPath } from "./problem.ts";

/** What the schema says about a value, before a parser adds where it stands. */
export interface Complaint {
  readonly path: KeyPath;
  /** Whether the key or what stands after it is wrong. */
  readonly at: "key" | "value";
  readonly message: string;
  readonly suggestion: string | null;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The schema of what a person writes, for editors and for suggestions. */
export const configJsonSchema: JsonSchema = z.toJSONSchema(configSchema, { io: "input" });

export function toComplaints(issues: readonly z.core.$ZodIssue[], document: unknown): Complaint[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => toUnknownKey([...path, key]));
    const input = valueAt(document, path);
    const message = toMessage(issue, input);
    const suggestion = toSuggestion(issue, input, path);
    const complaint: Complaint = { path, at: "value", message, suggestion };
    // Without its kind nothing in a union is checked; a misspelt `kind` is best seen as itself.
    const strangers =
      issue.code === "invalid_union" ? strangersIn(document, path.slice(0, -1)) : [];
    return [complaint, ...strangers.map(toUnknownKey)];
  });
}

function toUnknownKey(path: KeyPath): Complaint {
  const key = String(path.at(-1));
  const siblings = keysAt(path.slice(0, -1));
  const elsewhere = allKeys.find((each) => each.key === key)?.path;
  const suggestion =
    closest(key, siblings) ?? (elsewhere === undefined ? null : renderKeyPath(elsewhere));
  return { path, at: "key", message: "is not a known key", suggestion };
}

/** The keys below a path that no schema knows. */
function strangersIn(document: unknown, path: KeyPath): readonly KeyPath[] {
  const known = keysAt(path);
  const given = valueAt(document, path);
  const keys = typeof given === "object" && given !== null ? Object.keys(given) : [];
  return keys.filter((key) => !known.includes(key)).map((key) => [...path, key]);
}

function toMessage(issue: z.core.$ZodIssue, input: unknown): string {
  if (issue.code === "custom") return issue.message;
  if (input === undefined) return "is missing";
  if (input === null) return "has no value";
  if (issue.code === "invalid_type" && issue.expected === "object") {
    return issue.path.length === 0
      ? "the document takes keys and values"
      : "takes keys and values below it";
  }
  return issue.message;
}

function toSuggestion(issue: z.core.$ZodIssue, input: unknown, path: KeyPath): string | null {
  if (issue.code === "custom" && typeof issue.params?.suggestion === "string")
    return issue.params.suggestion;
  const options = toOptions(issue);
  if (options.length > 0) {
    const near = typeof input === "string" ? closest(input, options) : null;
    return near ?? (options.length === 1 ? options[0]! : null);
  }
  const [field] = schemasAt(path);
  const fallback: unknown = field?.default;
  return typeof fallback === "string" || typeof fallback === "number" ? String(fallback) : null;
}

function toOptions(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  // The schema's discriminator is known at run time only; zod's type does not tell.
  const options: unknown =
    issue.code === "invalid_union" && "options" in issue ? issue.options : [];
  return Array.isArray(options) ? options.map(String) : [];
}

function valueAt(document: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
      return undefined;
    return (value as Record<string | number, unknown>)[part];
  }, document);
}

/** Every schema that may hold at a path; several below a union. */
function schemasAt(path: KeyPath): readonly JsonSchema[] {
  return path.reduce<readonly JsonSchema[]>(
    (schemas, part) =>
      schemas.flatMap(branchesOf).flatMap((schema) => {
        const next = typeof part === "number" ? schema.items : schema.properties?.[part];
        return typeof next === "object" && !Array.isArray(next) ? [next] : [];
      }),
    [configJsonSchema],
  );
}

function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.oneOf ?? schema.anyOf ?? [schema];
}

function keysAt(path: KeyPath): readonly string[] {
  return schemasAt(path)
    .flatMap(branchesOf)
    .flatMap((schema) => Object.keys(schema.properties ?? {}));
}

/** Where each key of the format stands, so that a misplaced one can be sent home. */
const allKeys: readonly { key: string; path: KeyPath }[] = keysAt([]).flatMap((key) => [
  { key, path: [key] },
  ...keysAt([key]).map((below) => ({ key: below, path: [key, below] })),
]);
